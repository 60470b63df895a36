"""What stands on paper."""

from django import template

from documents import pdf

register = template.Library()
register.filter("printable", pdf.printable)
