"""Looks at a card as a person does: is something cut off, covered, or too faint to be read?"""

from playwright.async_api import Locator, Page

# Texts and controls that are seen; what scrolls inside a frame of its own may be wider.
SEEN = """
const name = element => `<${element.localName} class="${element.getAttribute('class') ?? ''}">`
  + ` ${(element.textContent ?? '').trim().slice(0, 40)}`;
const elements = [...card.shadowRoot.querySelectorAll('ha-card *')].filter(
  element => element.checkVisibility({visibilityProperty: true}) && !element.closest('.scroll'));
const hasText = element => [...element.childNodes].some(
  node => node.nodeType === Node.TEXT_NODE && node.data.trim());
const boxes = element => {
  if (!hasText(element)) return [element.getBoundingClientRect()];
  const range = document.createRange();
  return [...element.childNodes].filter(node => node.nodeType === Node.TEXT_NODE).flatMap(node => {
    range.selectNodeContents(node);
    return [...range.getClientRects()];
  });
};
const said = elements.filter(element => !['STYLE', 'title'].includes(element.tagName)
  && (hasText(element) || ['INPUT', 'BUTTON'].includes(element.tagName)));
"""
CROWDED = f"""card => {{
  {SEEN}
  const frame = card.shadowRoot.querySelector('ha-card').getBoundingClientRect();
  const found = [];
  for (const element of elements) {{
    if (element.closest('svg') && element.tagName !== 'text') continue;
    const {{left, right, width}} = element.getBoundingClientRect();
    if (width && (left < frame.left - 1 || right > frame.right + 1))
      found.push(`wider than its card: ${{name(element)}}`);
    if (element.clientWidth && element.scrollWidth > element.clientWidth + 1
      && getComputedStyle(element).overflowX !== 'visible') found.push(`cut: ${{name(element)}}`);
  }}
  said.forEach((one, index) => {{
    for (const other of said.slice(index + 1)) {{
      if (one.contains(other) || other.contains(one)) continue;
      for (const a of boxes(one)) for (const b of boxes(other)) {{
        const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left);
        const high = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
        // Lines of text reach into each other by the room of letters that hang down.
        if (wide > 1 && high > 3) found.push(`${{name(one)}} covers ${{name(other)}}`);
      }}
    }}
  }});
  return found;
}}"""
# Colours as the browser paints them, one above the other.
FAINT = f"""card => {{
  {SEEN}
  const context = Object.assign(document.createElement('canvas'), {{width: 1, height: 1}})
    .getContext('2d', {{willReadFrequently: true}});
  const paint = colors => {{
    context.clearRect(0, 0, 1, 1);
    for (const color of colors) {{
      context.fillStyle = color;
      context.fillRect(0, 0, 1, 1);
    }}
    return [...context.getImageData(0, 0, 1, 1).data];
  }};
  const behind = element => {{
    const colors = [];
    for (let one = element; one; one = one.assignedSlot ?? one.parentNode ?? one.host)
      if (one instanceof Element) colors.unshift(getComputedStyle(one).backgroundColor);
    return colors;
  }};
  const light = ([...color]) => color.slice(0, 3).map(value => value / 255)
    .map(value => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4)
    .reduce((sum, value, index) => sum + value * [0.2126, 0.7152, 0.0722][index], 0);
  return said.filter(hasText).filter(element => !element.disabled).flatMap(element => {{
    const {{color, fill}} = getComputedStyle(element);
    const back = ['white', ...behind(element)];
    const [one, other] = [light(paint(back)), light(paint([...back,
      element.tagName === 'text' ? fill : color]))];
    const contrast = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    return contrast < 4.5 ? [`${{contrast.toFixed(2)}}: ${{name(element)}}`] : [];
  }});
}}"""

# A chart is drawn for the width that it has.
REDRAWN = """card => new Promise(resolve => {
  const [chart, svg] = ['.chart', '.plot > svg'].map(one => card.shadowRoot.querySelector(one));
  const look = () => !svg?.isConnected || svg.viewBox.baseVal.width === chart.clientWidth
    ? requestAnimationFrame(() => requestAnimationFrame(resolve)) : requestAnimationFrame(look);
  look();
})"""
# Each text that is seen, and each label that is heard, also below the roots that cards hide.
WORDS = """view => {
  const found = [];
  const look = node => {
    if (node.nodeType === Node.TEXT_NODE) found.push(node.data);
    if (node instanceof Element) {
      if (node.localName === 'style' || getComputedStyle(node).display === 'none') return;
      found.push(node.ariaLabel ?? '');
    }
    for (const child of [...(node.shadowRoot?.childNodes ?? []), ...node.childNodes]) look(child);
  };
  look(view);
  return found.map(text => text.replace(/\\s+/g, ' ').trim()).filter(Boolean);
}"""


async def redrawn(card: Locator) -> None:
    """Wait until a card has followed a change of its width."""
    await card.evaluate(REDRAWN)


async def words(view: Locator) -> set[str]:
    """Return all that is said in a view, piece by piece."""
    return set(await view.evaluate(WORDS))


async def crowded(card: Locator) -> list[str]:
    """Return what is cut off, wider than its card, or covered by something else."""
    found: list[str] = await card.evaluate(CROWDED)
    return found


async def faint(card: Locator) -> list[str]:
    """Return the texts whose contrast with what is behind them is less than WCAG AA wants."""
    found: list[str] = await card.evaluate(FAINT)
    return found


async def surplus_width(page: Page) -> int:
    """Return by how much a page is wider than its window, in pixels."""
    width: int = await page.evaluate("document.scrollingElement.scrollWidth - innerWidth")
    return width
