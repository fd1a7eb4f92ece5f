// For a page that was open before Climkit was set up.
import "./climkit.js";

class Opener extends HTMLElement {
	connectedCallback() {
		history.replaceState(null, "", "/climkit");
		window.dispatchEvent(new CustomEvent("location-changed", { detail: { replace: true } }));
	}
}
customElements.define("climkit-open", Opener);
