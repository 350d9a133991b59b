// What a reviewer's eye would catch; each function gives a list of sentences, empty when all is well.
window.look = (() => {
  const say = (element) => `${element.tagName.toLowerCase()}.${element.getAttribute("class") || ""} “${element.textContent.trim().slice(0, 60)}”`;
  const shown = (element) => element.checkVisibility({ contentVisibilityAuto: true, opacityProperty: true, visibilityProperty: true });
  const apart = (a, b) => a.right <= b.left + 0.5 || b.right <= a.left + 0.5 || a.bottom <= b.top + 0.5 || b.bottom <= a.top + 0.5;

  function clipped(element) {
    for (let one = element; one; one = one.parentElement) if (getComputedStyle(one).clipPath !== "none") return true;
    return false;
  }

  function textBoxes(root) {
    const boxes = [];
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const node = walker.currentNode;
      const parent = node.parentElement;
      if (!node.nodeValue.trim() || !shown(parent) || parent.closest(".skip, script, style, nav") || clipped(parent)) continue;
      const range = document.createRange();
      range.selectNodeContents(node);
      for (const rect of range.getClientRects()) boxes.push({ rect, parent, node });
    }
    return boxes;
  }

  function pageTexts() {
    const width = document.documentElement.clientWidth;
    const boxes = textBoxes(document.querySelector("body")).filter((box) => !box.parent.closest(".scroll"));
    const faults = boxes
      .filter((box) => box.rect.left < -0.5 || box.rect.right > width + 0.5)
      .map((box) => `${say(box.parent)} leaves the page: ${Math.round(box.rect.right)} of ${width}`);
    boxes.sort((a, b) => a.rect.top - b.rect.top);
    for (let i = 0; i < boxes.length; i += 1) {
      for (let j = i + 1; j < boxes.length && boxes[j].rect.top < boxes[i].rect.bottom - 0.5; j += 1) {
        if (boxes[i].node === boxes[j].node) continue;
        const [a, b] = [boxes[i].rect, boxes[j].rect];
        const low = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
        if (!apart(a, b) && low > 3) faults.push(`${say(boxes[i].parent)} lies on ${say(boxes[j].parent)}`);
      }
    }
    for (const element of document.querySelectorAll("main *")) {
      const style = getComputedStyle(element);
      if (element.closest("svg") || clipped(element) || !shown(element) || style.overflowX === "visible" || style.overflowX === "auto") continue;
      if (element.scrollWidth > element.clientWidth + 1) faults.push(`${say(element)} is cut`);
    }
    return faults;
  }

  function diagramTexts() {
    const svg = document.getElementById("diagram");
    const whole = svg.getBoundingClientRect();
    const texts = [...svg.querySelectorAll("text")];
    const boxes = [...svg.querySelectorAll("rect")].map((rect) => rect.getBoundingClientRect());
    const faults = [];
    texts.forEach((text, i) => {
      const own = text.getBoundingClientRect();
      if (own.left < whole.left || own.right > whole.right || own.top < whole.top || own.bottom > whole.bottom) faults.push(`${say(text)} leaves the drawing`);
      const around = boxes.filter((box) => own.left >= box.left - 0.5 && own.left <= box.right && (own.top + own.bottom) / 2 >= box.top && (own.top + own.bottom) / 2 <= box.bottom);
      const box = around.at(-1); // what is painted last lies on top
      if (box && own.right > box.right + 0.5) faults.push(`${say(text)} leaves its box by ${Math.round(own.right - box.right)} px`);
      for (const other of texts.slice(i + 1)) if (!apart(own, other.getBoundingClientRect())) faults.push(`${say(text)} lies on ${say(other)}`);
    });
    return faults;
  }

  function diagramLines() {
    const svg = document.getElementById("diagram");
    const texts = [...svg.querySelectorAll("text:not(.label)")].map((text) => ({ text, box: text.getBBox() }));
    const faults = [];
    for (const path of svg.querySelectorAll("path.lane, path.invoke")) {
      const length = path.getTotalLength();
      for (let at = 0; at <= length; at += 2) {
        const point = path.getPointAtLength(at);
        const hit = texts.find(({ box }) => point.x > box.x && point.x < box.x + box.width && point.y > box.y + 2 && point.y < box.y + box.height - 2);
        if (hit) {
          faults.push(`a line (${path.getAttribute("class")}) runs through ${say(hit.text)}`);
          break;
        }
      }
    }
    return faults;
  }

  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  function rgba(colour) {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  }
  const known = new Map();
  function luminance(colour) {
    if (!known.has(colour)) known.set(colour, measured(colour));
    return known.get(colour);
  }
  function measured(colour) {
    const [r, g, b] = rgba(colour).map((one) => one / 255).map((one) => (one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  }
  function ground(element) {
    for (let one = element; one; one = one.parentElement) {
      const colour = getComputedStyle(one).backgroundColor;
      if (!/, 0\)$|transparent/.test(colour)) return colour;
    }
    return "white";
  }
  function behind(text) {
    const own = text.getBoundingClientRect();
    const boxes = [...document.querySelectorAll("#diagram rect")].filter((rect) => {
      const box = rect.getBoundingClientRect();
      return getComputedStyle(rect).fill !== "none" && own.left >= box.left && own.left <= box.right && own.top >= box.top - 4 && own.bottom <= box.bottom + 4;
    });
    return boxes.length ? getComputedStyle(boxes[boxes.length - 1]).fill : ground(text.closest(".scroll"));
  }
  function faint(least) {
    const faults = new Set();
    const ratio = (a, b) => (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    for (const parent of new Set(textBoxes(document.body).map((box) => box.parent))) {
      const drawn = parent.closest("svg");
      const style = getComputedStyle(parent);
      const found = ratio(luminance(drawn ? style.fill : style.color), luminance(drawn ? behind(parent) : ground(parent)));
      if (found < least) faults.add(`${say(parent)} has a contrast of ${found.toFixed(1)}`);
    }
    return [...faults];
  }

  return { pageTexts, diagramTexts, diagramLines, faint };
})();
