import assert from "node:assert/strict";
import { test } from "node:test";
import { partsOf, shift, within } from "../../custom_components/climkit/frontend/www/days.js";
import { formats } from "../../custom_components/climkit/frontend/www/format.js";

const ZONE = "Europe/Zurich";
const LOCALE = { language: "de", number_format: "language", time_format: "language", date_format: "language", time_zone: "local" };
/** @param {Partial<typeof LOCALE>} changed */
const of = (changed = {}) => formats({ language: "de", locale: { ...LOCALE, ...changed } }, ZONE);
/** @param {string} text */
const plain = (text) => text.replace(/[\u00A0\u202F]/g, " ").replaceAll("’", "'");

test("numbers follow the person's format, not the language alone", () => {
	assert.equal(of().fixed(1234.5, 2), "1.234,50");
	assert.equal(of({ number_format: "comma_decimal" }).fixed(1234.5, 2), "1,234.50");
	assert.equal(plain(of({ number_format: "quote_decimal" }).fixed(1234.5, 2)), "1'234.50");
	assert.equal(plain(of({ number_format: "space_comma" }).fixed(1234.5, 2)), "1 234,50");
	assert.equal(of({ number_format: "none" }).fixed(1234.5, 2), "1234,50");
	const italian = of({ language: "it" });
	assert.deepEqual([italian.fixed(1234.5, 2), italian.fixed(12345.6, 2)], ["1234,50", "12.345,60"]);
	assert.equal(of().decimal, ",");
	assert.equal(of({ number_format: "quote_decimal" }).decimal, ".");
});

test("amounts have as many digits as say something, and their unit", () => {
	const { amount } = of({ language: "en" });
	assert.deepEqual(
		[0, 0.123, 9.994, 9.996, 12.34, 99.96, 1234].map((value) => plain(amount(value, "kWh"))),
		["0.00 kWh", "0.12 kWh", "9.99 kWh", "10.0 kWh", "12.3 kWh", "100 kWh", "1,234 kWh"],
	);
	assert.equal(plain(amount(0.5, "m3")), "0.50 m³");
	assert.equal(amount(null, "kWh"), "–");
});

test("money, prices, shares and changes", () => {
	const { money, price, percent, change } = of({ language: "en" });
	assert.equal(plain(money(3.456, "CHF")), "CHF 3.46");
	assert.equal(money(3.456, null), "3.46");
	assert.equal(plain(price(0.28741, "CHF")), "0.2874 CHF/kWh");
	assert.deepEqual([percent(0.413), percent(null), change(0.08), change(-0.081)], ["41%", "–", "+8%", "-8%"]);
});

test("times are those of the site, by the person's clock", () => {
	const noon = Date.parse("2026-11-27T11:15Z") / 1000;
	assert.equal(of().time(noon), "12:15");
	assert.equal(plain(of({ language: "en", time_format: "12" }).time(noon)), "12:15 PM");
	assert.equal(of({ language: "en", time_format: "24" }).time(noon - 12 * 3600), "00:15");
	assert.equal(formats({ language: "de", locale: LOCALE }, "America/New_York").time(noon), "06:15");
	assert.equal(of().moment(null), "–");
});

test("periods are named by their kind", () => {
	const { period, short } = of();
	assert.deepEqual(["2026-11-27", "2026-11", "2026"].map(period), ["Freitag, 27. November 2026", "November 2026", "2026"]);
	assert.equal(short("2026-11"), "Nov");
	assert.match(short("2026-11-27"), /^Fr/);
});

test("a day is the same one wherever the browser is", () => {
	const { TZ } = process.env;
	for (const zone of ["Pacific/Kiritimati", "Pacific/Pago_Pago"]) {
		process.env.TZ = zone;
		assert.equal(of().period("2026-11-27"), "Freitag, 27. November 2026");
	}
	if (TZ === undefined) delete process.env.TZ;
	else process.env.TZ = TZ;
});

test("periods are paged through by their kind, over ends of years and months", () => {
	assert.deepEqual(
		["2026-03-01", "2026-01", "2026"].map((period) => shift(period, -1)),
		["2026-02-28", "2025-12", "2025"],
	);
	assert.deepEqual(
		["2026-10-25", "2025-12", "2026"].map((period) => shift(period, 1)),
		["2026-10-26", "2026-01", "2027"],
	);
	assert.deepEqual([partsOf("2026-02", 28).at(-1), partsOf("2026", 12).at(-1)], ["2026-02-28", "2026-12"]);
	assert.deepEqual([within("2027", "2025", "2026"), within("2024", "2025", "2026")], ["2026", "2025"]);
});
