// In a frame of another page: that page learns how high the figure is, and gives it the room (host.js).
(() => {
  if (parent === window) return;
  const tell = () => parent.postMessage({bpvizHeight: Math.ceil(document.documentElement.getBoundingClientRect().height)}, "*");
  new ResizeObserver(tell).observe(document.documentElement);
  // Out of sight, browsers observe nothing.
  addEventListener("load", tell);
})();
