// The scripts of pages that strangers open on a phone. collectstatic joins them into this one file (flipdash/assets.py).
import "../django_htmx/htmx-2.min.js";
import "./copy.js";
import "./countdown.js";
