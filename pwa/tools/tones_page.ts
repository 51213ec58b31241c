/** What the tone test drives: renders tones, and sounds them for real. */
import { patternOf } from "../src/core/sound/pattern";
import { renderTone } from "../src/core/sound/render";
import { createSounder } from "../src/core/sound/sounder";

Object.assign(window, { tones: { renderTone, createSounder, patternOf } });
