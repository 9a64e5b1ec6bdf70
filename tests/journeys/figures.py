"""What the journeys measure, printed at the end of the run. Times are never asserted tightly."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class Figures:
    lines: list[str] = field(default_factory=list)

    def note(self, what: str, amount: float, *, target: float, unit: str = "s") -> None:
        verdict = "ok" if amount <= target else "ABOVE TARGET"
        self.lines.append(f"{what}: {amount:.2f} {unit} (target {target:.0f} {unit}) {verdict}")


FIGURES = Figures()
