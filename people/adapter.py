"""How allauth behaves here."""

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class AccountAdapter(DefaultAccountAdapter):
    """People come by invitation: nobody makes an account for themselves."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """No."""
        return False
