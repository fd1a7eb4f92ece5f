// What Home Assistant's frontend gives to cards and strategies, and what our websocket commands answer.

import type { Card } from "./www/card.js";

export interface Locale {
	language: string;
	number_format: string;
	time_format: string;
	date_format: string;
	time_zone: string;
}

export interface Hass {
	language: string;
	locale: Locale;
	config: { time_zone: string };
	themes?: { darkMode?: boolean };
	states: Record<string, { state: string } | undefined>;
	connection: {
		addEventListener(name: string, listener: () => void): void;
		removeEventListener(name: string, listener: () => void): void;
	};
	// biome-ignore lint/suspicious/noExplicitAny: what a command answers is said where it is asked
	callWS(message: { type: string; [field: string]: unknown }): Promise<any>;
	loadBackendTranslation(category: string, integration: string): Promise<(key: string, values?: Record<string, string>) => string>;
}

/** A text of ours by its key, without the prefix. */
export type Texts = (key: string, values?: Record<string, string>) => string;

export interface Config {
	type?: string;
	site?: string;
	meter?: string;
	title?: string;
	measure?: string;
	period?: "month" | "year";
	link?: boolean;
	page?: string;
}

/** Amounts by what they are; `null` where there are no data. */
export type Numbers = (number | null)[];
export type Columns = Record<string, Numbers>;

export interface Meter {
	meter_id: string;
	name: string;
	kind: string;
	is_wanted: boolean;
	unit: string;
	entities: Record<string, string>;
	statistics: Record<string, string>;
}

export interface Site {
	site_id: string;
	name: string;
	zone: string;
	currency: string | null;
	today: string;
	first_day: string | null;
	is_loaded: boolean;
	chosen: "flat" | "building" | "meters";
	entities: Record<string, string>;
	has: { solar: boolean; battery: boolean; tariff: boolean; low_tariff: boolean };
	statistics: Record<string, string>;
	meters: Meter[];
}

export interface Subject {
	site: Site;
	meter?: Meter | undefined;
}

export interface Overview {
	sites: Site[];
}

export interface Peak {
	kw: number;
	start: number;
}

export interface Day {
	day: string;
	zone: string;
	start: number;
	step: number;
	count: number;
	is_today: boolean;
	columns: Columns;
	low: [number, number][] | null;
	price: Numbers | null;
	sums: Record<string, number | null>;
	cost: number | null;
	currency: string | null;
	peak: Peak | null;
}

export interface Month {
	month: string;
	zone: string;
	start: number;
	hours: Columns;
	day_starts: number[];
	days: Columns;
	days_before: Columns;
	cost_days: Numbers | null;
}

export interface Year {
	year: number;
	months: Columns;
	months_before: Columns;
	cost: Numbers | null;
}

/** The bars of a month or a year, and those of the year before. */
export interface Bars {
	names: string[];
	now: Columns;
	old: Columns;
	cost: Numbers | null;
}

export interface MeterRow {
	meter_id: string;
	name: string;
	kind: string;
	unit: string;
	total: number | null;
	solar_share: number | null;
	cost: number | null;
	share: number | null;
	last_data: number | null;
	is_silent: boolean;
	months: (number | null)[];
}

export type Column = "name" | "total" | "solar_share" | "cost" | "share" | "change" | "last_data";

export interface Meters {
	month: string;
	currency: string | null;
	peak: Peak | null;
	meters: MeterRow[];
}

export interface Line {
	name: string;
	value: string;
	color?: string;
}

/** What a chart tells about one of its places. */
export interface Reading {
	title: string;
	lines: Line[];
}

export interface Box {
	x: number;
	y: number;
	width: number;
	height: number;
}

/** A chart whose places stand in a row, one beside the other. */
export interface Row {
	label: string;
	count: number;
	values: Numbers;
	unit: string;
	/** Room at the right. */
	right?: number;
	/** How many places the keys up and down jump over. */
	jump?: number;
	/** The place that is told first. */
	first: number;
	read(index: number): Reading;
}

/** A table's column: its head, the amounts, their decimals. */
export type TableColumn = [string, Numbers | undefined, number];

/** Places of a chart in a row, or in rows of `columns`. */
export interface Places {
	label: string;
	count: number;
	columns: number;
	first: number;
	at(x: number, y: number): number;
	box(index: number): Box;
	read(index: number): Reading;
}

declare global {
	interface Window {
		customCards?: object[];
		customStrategies?: object[];
	}
}

export type Value = number | null | undefined;
export type Place = (index: number) => number;

/** Numbers and dates as texts; what is missing is a dash. */
export interface Formats {
	number(value: Value, options?: Intl.NumberFormatOptions): string;
	fixed(value: Value, least: number, most?: number): string;
	/** An amount with its unit; three digits say enough. */
	amount(value: Value, unit: string): string;
	money(value: Value, currency: string | null): string;
	/** Of a kilowatt-hour. */
	price(value: Value, currency: string | null): string;
	/** A part, 0 to 1. */
	percent(share: Value): string;
	/** A change: 0.1 is a tenth more. */
	change(change: Value): string;
	/** Of epoch seconds, in the site's zone. */
	time(epoch: number): string;
	moment(epoch: number | null): string;
	/** A day, month or year in full. */
	period(period: string): string;
	/** A day or month within its month or year. */
	short(period: string): string;
	weekday(day: string): string;
	/** What stands before the decimals. */
	decimal: string;
}

/** What a chart card shows: a chart with its legend and sums, or why there is none. */
export interface Plot {
	svg?: string;
	legend?: string;
	sums?: Line[];
	empty?: string;
}

/** The table behind a chart; the first cell of each row is its head. */
export interface Table {
	caption: string;
	heads: string[];
	rows: string[][];
}

/** Sums or amounts of columns, by name. */
export type AmountOf = (name: string) => Value;

/** What cards offer to the kinds of cards. */
export interface Shared {
	/** Asks about what the card is about. */
	ask<T>(type: string, fields: object): Promise<T>;
	/** Amounts by their names. */
	lines(columns: Columns, amountOf: AmountOf): Line[];
	/** Sums by their names, and the shares that follow from them. */
	totals(columns: Columns, sumOf: AmountOf): Line[];
	tableOf(names: string[], columns: Columns, digits: number, more: TableColumn[]): Table;
	put(selector: string, html: string): void;
	update(hass: Hass, config: Config): void;
	fetchBefore(day: string, turn: number): Promise<void>;

	// The day's curve
	shade(runs: [number, number][], kind: string): void;
	trace(values: Numbers, scale: (value: number) => number, attributes: string): void;

	// Days and months
	bar(index: number, width: number, from: number, to: number, attributes: string): void;
	/** The sum of the values that another row has too. */
	common(values: Numbers | undefined, other: Numbers | undefined): number | null;

	// The table of meters
	/** What stands in a meter's cell; its change is that from the month before. */
	value(row: MeterRow, column: Column): string | number | null;
	say(row: MeterRow, column: Column): string;
	plot(): Plot;
}

/** The functions that modules give to each other: what they mean, and their types. */
export interface Api {
	// days.js
	/** Noon of the first day of a period. */
	noon(period: string): Date;
	/** The period of the same kind so many steps later. */
	shift(period: string, steps: number): string;
	/** What is made of the numbers from 0 to before `count`. */
	range<T>(count: number, make: (index: number) => T): T[];
	/** The days of a month, or the months of a year. */
	partsOf(period: string, count: number): string[];
	/** The nearest within two bounds; all of the same kind. */
	within(wanted: string, first: string, last: string): string;

	// scales.js
	/** About four round marks of an axis, which cover all from `low` to `high`. */
	ticks(low: number, high: number): number[];
	linear(low: number, high: number, from: number, to: number): (value: number) => number;
	/** The colour of an amount, 0 to LEVELS; the root lets small amounts be told apart. */
	level(value: number, most: number): number;
	/** Minutes since midnight, as people in a zone read them on the clock, at evenly spaced times (seconds). */
	clock(start: number, step: number, count: number, timeZone: string): number[];
	/** The stretches of indexes for which something is so, as [first, end). */
	runs(count: number, isSo: (index: number) => boolean): [number, number][];
	/** The path along a stretch of steps. */
	line(run: [number, number], x: Place, y: Place): string;
	/** The outline of a stretch of steps: along the tops, back along the bottoms. */
	area(run: [number, number], x: Place, top: Place, bottom: Place): string;

	// layers.js
	hasData(columns: Columns): boolean;
	/** The column that says all of it, and those that came from the sun and from the grid. */
	mainOf(columns: Columns): { total: string; solar: string | undefined; grid: string };
	/** What is stacked, with where each reaches from and to (down below zero), and what is drawn as a line. */
	layers(columns: Columns): {
		stacked: { name: string; reach: (index: number) => [number, number] }[];
		lines: string[];
	};
	/** The columns in the order in which they are told. */
	told(columns: Columns): string[];
	/** The sum of what there is; null where there is nothing. */
	sum(values: Numbers | null | undefined): number | null;
	/** A part of a whole as 0 to 1; null where one is missing or the whole is nothing. */
	share(part: Value, whole: Value): number | null;

	// csv.js
	csv(rows: string[][], separator: string): string;

	// svg.js
	/** A text that is safe in HTML. */
	esc(text: unknown): string;
	/** Sums under a chart, which are its legend as well. */
	sumsHtml(sums: Line[]): string;
	tipHtml(reading: Reading): string;
	/** A reading for those who hear it. */
	spoken(reading: Reading): string;
	tableHtml(table: Table): string;
	/** Buttons of which one is pressed. */
	choiceHtml(action: string, names: string[], chosen: string, t: Texts): string;
	/** A sign with its meaning. */
	signHtml(sign: string, name: string): string;
	svg(width: number, height: number, label: string, inner: string[]): string;
	words(x: number, y: number, text: string, anchor?: string): string;
	rect(box: Box, attributes: string): string;

	// data.js
	/** What a command answers; all who ask the same within a while get the same answer. */
	ask<T>(hass: Hass, message: { type: string; [field: string]: unknown }): Promise<T>;
	overview(hass: Hass): Promise<Overview>;
	/** The dashboard, or a page of it. */
	views(config: Config, hass: Hass): Promise<object>;
	/** What a card is about: what it was told, else the first flat that is wanted, else the first site. */
	subjectOf(overview: Overview, config: Config): Subject;
	texts(hass: Hass): Promise<Texts>;

	// climkit.js
	cardOf(
		kind: string,
		// biome-ignore lint/suspicious/noExplicitAny: any kind of card
		load: () => Promise<{ default: new (host: HTMLElement) => Card<any> }>,
	): CustomElementConstructor;

	// format.js
	date(period: string, month: "long" | "short", options?: Intl.DateTimeFormatOptions): string;
	formats(hass: Pick<Hass, "locale" | "language">, timeZone: string): Formats;

	// forms.js
	/** The form of a card (day, heatmap, months, meters) or of the dashboard (strategy). */
	form(kind: string): Promise<object>;
	/** Puts Home Assistant's own form into the editor of the dashboard. */
	fill(editor: HTMLElement, config: Config): Promise<void>;
}
