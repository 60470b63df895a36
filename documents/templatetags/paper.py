"""What stands on paper."""

from django import template

from documents import pdf
from documents.invoices import paper

register = template.Library()
register.filter("printable", pdf.printable)
register.filter("in_month", paper.month_in_words)
register.filter("in_full", paper.day_in_words)
