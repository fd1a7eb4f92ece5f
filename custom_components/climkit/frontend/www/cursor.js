// Walks over a chart's places by pointer, finger and keys, and tells what is there.
/** @import {Places} from "../types" */
import { spoken, tipHtml } from "./svg.js";

const GAP = 12;

export class Cursor {
	/** @type {Places | undefined} */
	places;
	index = -1;

	/** @param {HTMLElement} chart the plot, and what is laid over it */
	constructor(chart) {
		this.chart = chart;
		/** @param {string} name */
		const part = (name) => /** @type {HTMLElement} */ (chart.querySelector(`.${name}`));
		this.mark = part("mark");
		this.surface = part("cursor");
		this.tip = part("tip");
		this.surface.onpointermove = this.surface.onpointerdown = (event) => {
			const { left, top } = this.surface.getBoundingClientRect();
			const index = this.places?.at(event.clientX - left, event.clientY - top) ?? -1;
			if (index < 0) this.hide();
			else if (index !== this.index || this.tip.hidden) this.show(index);
		};
		this.surface.onpointerleave = this.surface.onblur = () => this.hide();
		this.surface.onfocus = () => this.surface.matches(":focus-visible") && this.show(this.index);
		this.surface.onkeydown = (event) => this.press(event);
	}

	/** @param {Places | undefined} places */
	set(places) {
		this.places = places;
		this.surface.hidden = !places;
		if (!places) return this.hide();
		this.surface.ariaLabel = places.label;
		this.surface.ariaValueMin = "1";
		this.surface.ariaValueMax = String(places.count);
		const isSeen = !this.tip.hidden && this.index < places.count;
		if (!isSeen) this.index = places.first;
		this.show(this.index);
		if (!isSeen) this.hide();
	}

	/** @param {KeyboardEvent} event */
	press(event) {
		if (!this.places) return;
		const { count, columns } = this.places;
		/** @type {Record<string, number>} */
		const steps = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns, Home: -count, End: count };
		const step = steps[event.key];
		if (event.key === "Escape") this.hide();
		else if (step === undefined) return;
		else this.show(Math.min(count - 1, Math.max(0, this.index + step)));
		event.preventDefault();
	}

	hide() {
		this.mark.hidden = this.tip.hidden = true;
	}

	/** @param {number} index */
	show(index) {
		if (!this.places) return;
		this.index = index;
		const reading = this.places.read(index);
		const { x, y, width, height } = this.places.box(index);
		this.surface.ariaValueNow = String(index + 1);
		this.surface.ariaValueText = spoken(reading);
		this.mark.style.cssText = `left:${x}px;top:${y}px;width:${width}px;height:${height}px`;
		this.tip.innerHTML = tipHtml(reading);
		this.mark.hidden = this.tip.hidden = false;
		const { offsetWidth, offsetHeight } = this.tip;
		const room = this.chart.clientWidth - offsetWidth;
		const right = x + width + GAP;
		this.tip.style.left = `${Math.max(0, right > room ? x - GAP - offsetWidth : right)}px`;
		this.tip.style.top = `${height > 60 ? y : Math.max(0, y - offsetHeight / 2)}px`;
	}
}
