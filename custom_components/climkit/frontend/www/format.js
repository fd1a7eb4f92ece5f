// Numbers and dates as the person wants them, in the site's zone.
/** @import {Api, Formats} from "../types" */
import { LENGTH, noon } from "./days.js";

/** @type {Record<string, string | undefined>} */
const NUMBERS = { comma_decimal: "en-US", decimal_comma: "de", space_comma: "fr", quote_decimal: "de-CH", system: undefined };

/** @type {Api["formats"]} */
export function formats({ locale, language }, timeZone) {
	const words = locale.language || language;
	const numbers = locale.number_format in NUMBERS ? NUMBERS[locale.number_format] : words;
	const useGrouping = locale.number_format !== "none" && "auto";
	const isSystem = locale.time_format === "system";
	/** @type {Intl.DateTimeFormatOptions} */
	const clock = { timeZone, hour: "2-digit", minute: "2-digit" };
	if (locale.time_format === "12") clock.hour12 = true;
	if (locale.time_format === "24") clock.hourCycle = "h23";
	const time = new Intl.DateTimeFormat(isSystem ? undefined : words, clock);
	const moment = new Intl.DateTimeFormat(words, { ...clock, day: "numeric", month: "short" });

	/** @type {Formats["number"]} */
	const number = (value, options) => (value == null ? "–" : new Intl.NumberFormat(numbers, { useGrouping, ...options }).format(value));
	/** @type {Formats["fixed"]} */
	const fixed = (value, least, most = least) => number(value, { minimumFractionDigits: least, maximumFractionDigits: most });
	/** @type {Api["date"]} */
	const date = (period, month, options) => {
		const day = period.length === LENGTH.day ? /** @type {const} */ ({ weekday: month, day: "numeric" }) : {};
		return new Intl.DateTimeFormat(words, { timeZone: "UTC", month, ...day, ...options }).format(noon(period));
	};

	return {
		number,
		fixed,
		amount: (value, unit) => {
			const size = Math.abs(value ?? 0);
			const text = fixed(value, size < 9.995 ? 2 : size < 99.95 ? 1 : 0);
			return value == null ? text : `${text}\u00A0${unit.replace("m3", "m³")}`;
		},
		money: (value, currency) => (currency ? number(value, { style: "currency", currency }) : fixed(value, 2)),
		price: (value, currency) => `${fixed(value, 2, 4)}\u00A0${currency ?? ""}/kWh`,
		percent: (share) => number(share, { style: "percent" }),
		change: (change) => number(change, { style: "percent", signDisplay: "exceptZero" }),
		time: (epoch) => time.format(epoch * 1000),
		moment: (epoch) => (epoch === null ? "–" : moment.format(epoch * 1000)),
		period: (period) => (period.length === LENGTH.year ? period : date(period, "long", { year: "numeric" })),
		short: (period) => date(period, "short"),
		weekday: (day) => date(day, "short", { day: "2-digit", month: undefined }),
		decimal: fixed(0.5, 1).replace(/\d/g, ""),
	};
}
