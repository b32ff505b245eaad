// The place in a page that was asked for is known to nobody but the browser.
const to = document.querySelector("input[name=to]");
if (to.value) to.value += location.hash;
