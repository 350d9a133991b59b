(() => {
  "use strict";
  const tree = document.getElementById("tree");
  const tools = document.getElementById("tools");
  const search = document.getElementById("search");
  const found = document.getElementById("found");
  const nodes = [...tree.querySelectorAll("details")];
  const own = new Map(
    nodes.map((node) => {
      const texts = [node.firstElementChild, ...node.querySelectorAll(":scope > .inside > :not(details)")];
      return [node, texts.map((part) => part.textContent).join(" ").toLowerCase()];
    }),
  );

  function filter() {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const node of nodes) node.hidden = words.length > 0;
    for (const node of nodes) {
      if (words.length === 0) continue;
      if (!words.every((word) => own.get(node).includes(word))) continue;
      count += 1;
      for (let outer = node; outer && outer !== tree; outer = outer.parentElement) {
        if (outer.tagName !== "DETAILS") continue;
        outer.hidden = false;
        if (outer !== node) outer.open = true;
      }
    }
    found.textContent = words.length === 0 ? "" : `${count} of ${nodes.length} resources`;
  }

  function hints() {
    for (const hint of document.querySelectorAll(".hint")) {
      const region = hint.nextElementSibling;
      hint.style.display = region.scrollWidth > region.clientWidth + 1 ? "block" : "none";
    }
  }

  function all(open) {
    for (const node of nodes) node.open = open;
  }

  hints();
  addEventListener("resize", hints);
  search.addEventListener("input", filter);
  document.getElementById("open").addEventListener("click", () => all(true));
  document.getElementById("close").addEventListener("click", () => all(false));
  tools.hidden = false;
  addEventListener("beforeprint", () => {
    for (const node of document.querySelectorAll("details.bill, details.role")) node.open = true;
  });
})();
