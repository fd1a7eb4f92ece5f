// Rows as a CSV file that spreadsheets open; pure.
/** @import {Api} from "../types" */

/** @type {(text: string, separator: string) => string} */
function field(text, separator) {
	// A spreadsheet would run a name that begins like a formula.
	const safe = /^[=+\-@\t\r](?![\d.,]+$)/.test(text) ? `'${text}` : text;
	return /["\r\n]/.test(safe) || safe.includes(separator) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** @type {Api["csv"]} */
export const csv = (rows, separator) =>
	`\uFEFF${rows.map((row) => row.map((text) => field(text, separator)).join(separator)).join("\r\n")}\r\n`;
