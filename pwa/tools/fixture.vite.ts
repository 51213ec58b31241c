/** Development server for fixture.html: as the build, and it may read the shared vectors beside pwa/. */
import { join } from "node:path";
import { mergeConfig } from "vite";
import base from "../vite.config";

export default mergeConfig(base, {
	server: { fs: { allow: [join(import.meta.dirname, "../..")] } },
});
