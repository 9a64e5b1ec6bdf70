"""The PIN window itself.  Stands alone: run by `window` as `python -I window_process.py`.

Reads one JSON request on standard input; prints one JSON answer, or nothing when cancelled.
"""

import json
import sys
import tkinter as tk
from tkinter import font as tkfont
from typing import Any

PAPER, INK, QUIET, LINE = "#FBFAF7", "#14201D", "#51605B", "#DAD9D2"
BRAND, BRAND_DARK, DANGER, WARM = "#0B6B57", "#095646", "#B3261E", "#FBE9C4"
WRAP = 460


class PinWindow:
    """Origin, control code, warnings, the entry, two buttons."""

    def __init__(self, request: dict[str, Any]) -> None:
        self._request = request
        self.answer: dict[str, Any] | None = None
        self._root = tk.Tk(className="cps-bridge")
        self._root.title(request["title"])
        self._root.configure(background=PAPER, padx=32, pady=24)
        self._root.resizable(width=False, height=False)
        self._root.protocol("WM_DELETE_WINDOW", self._cancel)
        self._family = self._pick_family()
        self._pin = tk.StringVar(self._root)
        self._confirmed = tk.BooleanVar(self._root)
        self._ok: tk.Button | None = None
        self._first: tk.Misc = self._root
        self._show_request()
        if request["closable"]:
            self._show_controls()
        self._bring_to_front()

    def run(self) -> None:
        """Show the window until it is answered."""
        self._root.mainloop()

    def _pick_family(self) -> str:
        known = set(tkfont.families(self._root))
        for family in ("Atkinson Hyperlegible Next", "Segoe UI", "Helvetica Neue", "DejaVu Sans"):
            if family in known:
                return family
        return str(tkfont.nametofont("TkDefaultFont").actual("family"))

    def _text(self, text: str, *, size: int = 12, colour: str = INK, **options: Any) -> None:
        if not text:
            return
        style = (self._family, size, "bold") if options.pop("bold", False) else (self._family, size)
        above = options.pop("above", 0)
        tk.Label(
            self._root,
            text=text,
            font=style,
            fg=colour,
            bg=options.pop("bg", PAPER),
            wraplength=WRAP,
            justify="left",
            anchor="w",
            **options,
        ).pack(fill="x", pady=(above, 2))

    def _show_request(self) -> None:
        request = self._request
        self._text("Ce site demande votre carte :", colour=QUIET)
        self._text(request["origin"], size=15, bold=True)
        self._text("Sa page doit afficher ce code de contrôle :", colour=QUIET, above=14)
        self._text("  ".join(request["code"]), size=30, bold=True, colour=BRAND)
        self._text(request["holder"], above=8)
        self._text(request["notice"], above=8, bold=True)
        self._text(request["warning"], above=8, bg=WARM, padx=12, pady=10)

    def _show_controls(self) -> None:
        if self._request["entry"]:
            self._show_entry()
        if self._request["confirm"]:
            self._show_confirmation()
        self._show_buttons()
        self._root.bind("<Return>", lambda _event: self._accept())
        self._root.bind("<Escape>", lambda _event: self._cancel())
        self._refresh()

    def _show_entry(self) -> None:
        self._text("Votre code porteur", above=14, bold=True)
        entry = tk.Entry(
            self._root,
            textvariable=self._pin,
            show="●",
            font=(self._family, 24),
            justify="center",
            fg=INK,
            bg="#FFFFFF",
            insertbackground=INK,
            relief="solid",
            borderwidth=1,
            highlightthickness=2,
            highlightbackground=LINE,
            highlightcolor=BRAND,
            validate="key",
            validatecommand=(self._root.register(_may_become_pin), "%P"),
        )
        entry.pack(fill="x", ipady=6)
        self._pin.trace_add("write", lambda *_names: self._refresh())
        self._first = entry

    def _show_confirmation(self) -> None:
        box = tk.Checkbutton(
            self._root,
            text=self._request["confirm"],
            variable=self._confirmed,
            command=self._refresh,
            font=(self._family, 12),
            bg=PAPER,
            fg=INK,
            activebackground=PAPER,
            highlightthickness=2,
            highlightbackground=PAPER,
            highlightcolor=BRAND,
            anchor="w",
        )
        box.pack(fill="x", pady=(8, 0))
        # Tk would let Enter untick the box instead of validating.
        box.bind("<Return>", self._accept_and_stop)

    def _accept_and_stop(self, _event: object) -> str:
        self._accept()
        return "break"

    def _show_buttons(self) -> None:
        row = tk.Frame(self._root, bg=PAPER)
        row.pack(fill="x", pady=(20, 0))
        common: dict[str, Any] = {
            "font": (self._family, 13),
            "relief": "flat",
            "borderwidth": 0,
            "padx": 20,
            "pady": 9,
            "highlightthickness": 2,
            "highlightbackground": PAPER,
            "highlightcolor": INK,
            "cursor": "hand2",
        }
        self._ok = tk.Button(
            row,
            text="Valider",
            command=self._accept,
            bg=BRAND,
            fg="#FFFFFF",
            activebackground=BRAND_DARK,
            activeforeground="#FFFFFF",
            disabledforeground="#9FC4BA",
            **common,
        )
        self._ok.pack(side="right")
        tk.Button(row, text="Annuler", command=self._cancel, bg=PAPER, fg=INK, **common).pack(
            side="right", padx=(0, 12)
        )

    def _bring_to_front(self) -> None:
        self._root.update_idletasks()
        width, height = self._root.winfo_reqwidth(), self._root.winfo_reqheight()
        left = (self._root.winfo_screenwidth() - width) // 2
        top = (self._root.winfo_screenheight() - height) // 3
        self._root.geometry(f"+{left}+{top}")
        self._root.attributes("-topmost", True)
        self._root.lift()
        if self._request["closable"]:
            self._root.wait_visibility()
            self._first.focus_force()

    def _is_complete(self) -> bool:
        has_pin = len(self._pin.get()) >= 4 or not self._request["entry"]
        return has_pin and (self._confirmed.get() or not self._request["confirm"])

    def _refresh(self) -> None:
        if self._ok is not None:
            self._ok.configure(state="normal" if self._is_complete() else "disabled")

    def _accept(self) -> None:
        if self._is_complete():
            self.answer = {"pin": self._pin.get(), "confirmed": self._confirmed.get()}
            self._root.destroy()

    def _cancel(self) -> None:
        self._root.destroy()


def _may_become_pin(text: str) -> bool:
    return len(text) <= 8 and all(character in "0123456789" for character in text)


def main() -> None:
    """Show one request and print its answer."""
    window = PinWindow(json.load(sys.stdin))
    window.run()
    if window.answer is not None:
        json.dump(window.answer, sys.stdout)


if __name__ == "__main__":
    main()
