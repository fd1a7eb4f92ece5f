import assert from "node:assert/strict";
import { test } from "node:test";
import { csv } from "../../custom_components/climkit/frontend/www/csv.js";

test("no name is a formula, and a number below zero stays one", () => {
	const text = csv([["=1+1", "@a", "+b", "-c", "-1,5", "Flat"]], ";");
	assert.equal(text, "\uFEFF'=1+1;'@a;'+b;'-c;-1,5;Flat\r\n");
});

test("what would part fields is quoted", () => {
	assert.equal(csv([["a;b", 'say "a"', "two\nlines", "a,b"]], ";"), '\uFEFF"a;b";"say ""a""";"two\nlines";a,b\r\n');
});
