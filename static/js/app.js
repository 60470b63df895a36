// Every script of the pages, in the order in which they run. Each looks for its own marks in the page, and does nothing
// where there are none. collectstatic joins them into this one file (flipdash/assets.py).
import "../django_htmx/htmx-2.min.js";
import "./beside.js";
import "./boost.js";
import "./columns.js";
import "./copy.js";
import "./countdown.js";
import "./counter.js";
import "./dates.js";
import "./dialog.js";
import "./downloads.js";
import "./drawer.js";
import "./focus.js";
import "./lookup.js";
import "./menu.js";
import "./passkey.js";
import "./password.js";
import "./places.js";
import "./presets.js";
import "./rows.js";
import "./shortcuts.js";
import "./toolbar.js";
import "./unsent.js";
