"""What was done in the holder's name, and the signatures behind it."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from idp.enrollment.flows.journal import journal_of, receipt_of
from mobileapi.documents import entry_document
from mobileapi.serializers import JournalOut, ReceiptOut
from mobileapi.views.base import DeviceView, problems


class Journal(DeviceView):
    """Logins, refusals and phones of the last year."""

    @extend_schema(operation_id="list_journal", responses={200: JournalOut, **problems(401, 403)})
    def get(self, request: Request) -> Response:
        """Fifty lines at most, the latest first; by whatever means and phone."""
        entries = journal_of(device=self.device(request))
        return Response({"entries": [entry_document(entry) for entry in entries]})


class Receipt(DeviceView):
    """A line's signatures."""

    @extend_schema(
        operation_id="get_receipt", responses={200: ReceiptOut, **problems(401, 403, 404)}
    )
    def get(self, request: Request, reference: str) -> Response:
        """As the operator's audit log keeps them: nonce, signed context, keys, signatures."""
        evidence = receipt_of(device=self.device(request), reference=reference)
        return Response({"reference": reference, "evidence": evidence})
