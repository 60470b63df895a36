// Before the first paint: say that scripts run, and put the sidebar as it was left.
document.documentElement.classList.add("js");
try {
  if (localStorage.getItem("sidebar") === "collapsed") {
    document.documentElement.dataset.sidebar = "collapsed";
  }
} catch {
  // storage is closed to us: the sidebar simply starts open
}
