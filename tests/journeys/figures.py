"""Times that the journeys measure, printed at the end of the run. Never asserted tightly."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class Figures:
    lines: list[str] = field(default_factory=list)

    def note(self, what: str, seconds: float, *, target: float) -> None:
        verdict = "ok" if seconds <= target else "ABOVE TARGET"
        self.lines.append(f"{what}: {seconds:.2f} s (target {target:.0f} s) {verdict}")


FIGURES = Figures()
