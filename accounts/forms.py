"""What people say about themselves."""

from django import forms

from accounts.models import User


class LanguageForm(forms.ModelForm):
    """The language of pages, mails and reports."""

    class Meta:
        model = User
        fields = ("language",)
