"""The same doctor, workstation and phones as in the tests of the ceremonies."""

from tests.enrollment.conftest import _no_counted_tries, person, phone, pin_phone, workstation

__all__ = ["_no_counted_tries", "person", "phone", "pin_phone", "workstation"]
