"""What the sandbox remembers between two starts: the card in the reader, and each card's tries."""

import json
import os
import tempfile
import threading
from collections.abc import Collection
from pathlib import Path
from typing import Any

from cps_bridge.errors import SetupError

MAX_TRIES = 3


class State:
    """The only writer of the file; every change is on disk before the call returns."""

    def __init__(self, path: Path, *, card_ids: Collection[str]) -> None:
        self._path = path
        self._lock = threading.RLock()
        self._inserted: str | None = None
        self._tries = dict.fromkeys(card_ids, MAX_TRIES)
        if path.exists():
            self._restore()

    @property
    def inserted(self) -> str | None:
        """The id of the card in the reader."""
        return self._inserted

    def tries(self, card_id: str) -> int:
        """The wrong codes that this card still forgives."""
        return self._tries[card_id]

    def insert(self, card_id: str | None) -> None:
        """Put this card in the reader instead of whatever is there; None takes it out."""
        if card_id is not None and card_id not in self._tries:
            raise KeyError(card_id)
        with self._lock:
            self._inserted = card_id
            self._save()

    def reset(self, card_id: str) -> None:
        """Give the card its tries back, as no real card would."""
        with self._lock:
            self._tries[card_id] = MAX_TRIES
            self._save()

    def spend_try(self, card_id: str) -> bool:
        """Count a try before its code is looked at, as a chip does; False when none was left."""
        with self._lock:
            if self._tries[card_id] <= 0:
                return False
            self._tries[card_id] -= 1
            self._save()
            return True

    def _restore(self) -> None:
        try:
            content: Any = json.loads(self._path.read_text("utf-8"))
            inserted, tries = content["inserted"], content["tries"]
            restored = {card_id: tries.get(card_id, MAX_TRIES) for card_id in self._tries}
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise SetupError(
                f"{self._path} est illisible ({error}). Supprimez ce fichier pour repartir de "
                "cartes neuves."
            ) from error
        if any(type(left) is not int or not 0 <= left <= MAX_TRIES for left in restored.values()):
            raise SetupError(f"{self._path} : un nombre d'essais doit être entre 0 et {MAX_TRIES}.")
        self._tries = restored
        self._inserted = inserted if inserted in self._tries else None

    def _save(self) -> None:
        content = {"inserted": self._inserted, "tries": self._tries}
        descriptor, name = tempfile.mkstemp(dir=self._path.parent, prefix=".state-")
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(content, file, indent=2)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(self._path)
