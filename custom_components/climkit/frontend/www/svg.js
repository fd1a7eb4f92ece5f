// Texts of HTML and SVG. What comes from outside goes through `esc`.
/** @import {Api, Line} from "../types" */

/** @type {Api["esc"]} */
export const esc = (text) => String(text).replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);

/** @param {Line} line */
const dot = ({ color }) => (color ? `<i class="dot" style="--dot:${color}"></i>` : "");

/** @type {Api["sumsHtml"]} */
export const sumsHtml = (sums) =>
	sums.map((sum) => `<div><small>${dot(sum)}${esc(sum.name)}</small><strong>${esc(sum.value)}</strong></div>`).join("");

/** @type {Api["tipHtml"]} */
export const tipHtml = ({ title, lines }) =>
	`<b>${esc(title)}</b>${lines
		.map((line) => `<div>${dot(line)}<span>${esc(line.name)}</span><span>${esc(line.value)}</span></div>`)
		.join("")}`;

/** @type {Api["spoken"]} */
export const spoken = ({ title, lines }) => [title, ...lines.map(({ name, value }) => `${name} ${value}`)].join(", ");

/** @type {Api["tableHtml"]} */
export const tableHtml = ({ caption, heads, rows }) =>
	`<table aria-label="${esc(caption)}"><thead><tr>${heads
		.map((head) => `<th scope="col">${esc(head)}</th>`)
		.join("")}</tr></thead><tbody>${rows
		.map(([head, ...cells]) => `<tr><th scope="row">${esc(head)}</th>${cells.map((cell) => `<td>${esc(cell)}</td>`).join("")}</tr>`)
		.join("")}</tbody></table>`;

/** @type {Api["choiceHtml"]} */
export const choiceHtml = (action, names, chosen, t) => {
	const buttons = names.map(
		(name) => `<button data-do="${action}" data-value="${name}" aria-pressed="${name === chosen}">${esc(t(name))}</button>`,
	);
	return names.length > 1 ? `<div class="group" role="group">${buttons.join("")}</div>` : "";
};

/** @type {Api["signHtml"]} */
export const signHtml = (sign, name) => `<span><svg width="16" height="10" aria-hidden="true">${sign}</svg>${esc(name)}</span>`;

/** @type {Api["svg"]} */
export const svg = (width, height, label, inner) =>
	`<svg role="img" aria-label="${esc(label)}" viewBox="0 0 ${width} ${height}" height="${height}">${inner.join("")}</svg>`;

/** @type {Api["words"]} */
export const words = (x, y, text, anchor = "middle") => `<text x="${x}" y="${y}" text-anchor="${anchor}">${esc(text)}</text>`;

/** @type {Api["rect"]} */
export const rect = ({ x, y, width, height }, attributes) =>
	`<rect x="${x.toFixed(1)}" y="${y.toFixed(1)}" width="${width.toFixed(1)}" height="${height.toFixed(1)}" ${attributes}/>`;
