// A month by hour: days down, hours across, the stronger the more.
/** @import {Month, Numbers, Value} from "../types" */
import { Card } from "./card.js";
import { partsOf, range } from "./days.js";
import { mainOf, share, sum } from "./layers.js";
import { clock, LEVELS, level } from "./scales.js";
import { choiceHtml, esc, rect, signHtml, svg, words } from "./svg.js";

/** @extends {Card<Month>} */
export default class HeatmapCard extends Card {
	chosen = ""; // pressed
	measure = ""; // drawn

	setUp() {
		this.actions.measure = (measure) => {
			this.chosen = measure;
			this.draw();
		};
	}

	/** @returns {Promise<Month>} */
	fetch() {
		return this.ask("climkit/month", { month: this.shown });
	}

	get isShare() {
		return this.measure === "solar_share";
	}

	/** What can be shown: all hours by the name of a measure. */
	measures() {
		const { hours } = this.data;
		const { total, solar } = mainOf(hours);
		const all = hours[total] ?? [];
		/** @type {Map<string, Numbers>} */
		const found = new Map([[total, all]]);
		for (const name of ["grid", "import", "production"]) if (hours[name]) found.set(name, hours[name]);
		const ofSun = hours[solar ?? ""];
		const shares = all.map((value, index) => share(ofSun?.[index], value));
		return ofSun ? found.set("solar_share", shares) : found;
	}

	/** @param {Value} value */
	say(value) {
		return this.isShare && value != null ? this.f.percent(value) : this.amount(value);
	}

	plot() {
		const measures = this.measures();
		const { total, grid } = mainOf(this.data.hours);
		const wanted = this.chosen || (this.config.measure ?? "").replace("grid", grid);
		this.measure = measures.has(wanted) ? wanted : total;
		const values = measures.get(this.measure) ?? [];
		const known = values.filter((value) => value !== null);
		this.put(".tools", choiceHtml("measure", [...measures.keys()], this.measure, this.t));
		if (!known.length) return { empty: "no_data_month" };
		const most = this.isShare ? 1 : Math.max(...known);
		this.body.style.setProperty("--tone", this.color(this.measure));
		const steps = range(LEVELS + 1, (step) => `<b class="l${step}"></b>`);
		return {
			svg: this.chart(values, most),
			legend:
				`<span>${esc(this.say(0))}<span class="steps">${steps.join("")}</span>${esc(this.say(most))}</span>` +
				signHtml('<rect class="hole" width="16" height="10"/>', this.t("no_data")),
		};
	}

	/** Where each hour stands: its day, its hour, and which of autumn's two it is. */
	places() {
		const { day_starts: starts, start, zone } = this.data;
		const hours = clock(start, 3600, starts.at(-1) ?? 0, zone).map((minute) => Math.floor(minute / 60));
		return starts.slice(0, -1).flatMap((first, day) =>
			hours.slice(first, starts[day + 1]).map((hour, index, own) => {
				const isSecond = own[index - 1] === hour;
				return { day, hour, isSecond, isTwin: isSecond || own[index + 1] === hour };
			}),
		);
	}

	get days() {
		return partsOf(this.data.month, this.data.day_starts.length - 1);
	}

	/**
	 * @param {Numbers} values
	 * @param {number} most
	 */
	chart(values, most) {
		const { measure, width, isNarrow, days, data } = this;
		const places = this.places();
		const [left, top, high, gap] = isNarrow ? [26, 16, 13, 1] : [66, 16, 17, 2];
		const wide = (width - left) / 24;
		/** @param {number} index */
		const box = (index) => {
			const { day = 0, hour = 0, isSecond, isTwin } = places[index] ?? {};
			const part = isTwin ? wide / 2 : wide;
			const x = left + hour * wide + (isSecond ? part : 0);
			return { x, y: top + day * high, width: part - gap, height: high - gap };
		};
		const { total } = mainOf(data.hours);
		const all = data.hours[total] ?? [];
		// What is still to come is not missing.
		const end = data.month === this.last ? all.findLastIndex((value) => value !== null) + 1 : places.length;
		const drawn = places.slice(0, end).map((_, index) => {
			const value = values[index];
			// An hour without consumption has no solar share, but is no hole.
			const kind = value != null ? `l${level(value, most)}` : all[index] == null ? "hole" : "l0";
			return rect(box(index), `class="${kind}" rx="1.5"`);
		});
		days.forEach((day, row) => {
			const name = isNarrow ? String(row + 1) : this.f.weekday(day);
			drawn.push(words(left - 6, top + row * high + high - 4, name, "end"));
		});
		places.slice(0, 24).forEach(({ hour }, index) => {
			const name = this.f.time(data.start + index * 3600);
			if (hour % (isNarrow ? 6 : 3) === 0) drawn.push(words(left + hour * wide, 10, name, "start"));
		});
		const label = this.t("hours_of", { month: this.f.period(data.month) });
		this.cursor.set({
			label,
			count: places.length,
			columns: 24,
			first: Math.max(0, end - 1),
			at: (px, py) => {
				const [day, hour] = [Math.floor((py - top) / high), Math.floor((px - left) / wide)];
				const index = places.findIndex((place) => place.day === day && place.hour === hour);
				return places[index]?.isTwin && px > box(index).x + wide / 2 ? index + 1 : index;
			},
			box,
			read: (index) => {
				const from = data.start + index * 3600;
				const lines = [{ name: this.t(measure), value: this.say(values[index]) }];
				if (values !== all) lines.push({ name: this.t(total), value: this.amount(all[index]) });
				const day = this.f.short(days[places[index]?.day ?? 0] ?? "");
				return { title: `${day}, ${this.f.time(from)}–${this.f.time(from + 3600)}`, lines };
			},
		});
		return svg(width, top + days.length * high, `${this.title}, ${label}, ${this.t(measure)}`, drawn);
	}

	table() {
		const { data, isShare } = this;
		const values = this.measures().get(this.measure) ?? [];
		/** @param {Value} value */
		const say = (value) => (isShare ? this.f.percent(value) : this.f.fixed(value, 2));
		const rows = this.days.map((day) => [this.f.short(day), ...Array(24).fill("")]);
		this.places().forEach(({ day, hour, isSecond }, index) => {
			const row = rows[day] ?? [];
			row[hour + 1] = (isSecond ? `${row[hour + 1]} / ` : "") + say(values[index]);
		});
		const heads = [this.t("day"), ...range(24, String)];
		if (!isShare) {
			heads.push(this.t("sum"));
			const starts = data.day_starts;
			for (const [day, row] of rows.entries()) row.push(say(sum(values.slice(starts[day], starts[day + 1]))));
		}
		return { caption: `${this.t(this.measure)} (${isShare ? "%" : this.unit})`, heads, rows };
	}
}
