"""Writes commands in the syntax of each system's files."""

import shlex
from collections.abc import Sequence
from xml.sax.saxutils import escape


def shell(command: Sequence[str]) -> str:
    """Return the command for `sh`."""
    return shlex.join(command)


def cmd(command: Sequence[str]) -> str:
    """Return the command for a Windows batch file."""
    return " ".join('"' + part.replace("%", "%%") + '"' for part in command)


def unit(command: Sequence[str]) -> str:
    """Return a systemd user unit; a start that the settings forbid is not tried again."""
    quoted = " ".join(_systemd_quoted(part) for part in command)
    return f"""[Unit]
Description=Pont de carte CPS
PartOf=graphical-session.target
After=graphical-session.target

[Service]
ExecStart={quoted}
Restart=on-failure
RestartSec=5
RestartPreventExitStatus=1 2
NoNewPrivileges=yes

[Install]
WantedBy=graphical-session.target
"""


def agent(label: str, command: Sequence[str]) -> str:
    """Return a launchd agent."""
    arguments = "\n".join(f"    <string>{escape(part)}</string>" for part in command)
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
  <key>Label</key>
  <string>{escape(label)}</string>
  <key>ProgramArguments</key>
  <array>
{arguments}
  </array>
  <key>RunAtLoad</key>
  <true/>
  <key>LimitLoadToSessionType</key>
  <string>Aqua</string>
</dict>
</plist>
"""


def _systemd_quoted(part: str) -> str:
    escaped = part.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{escaped}"'
