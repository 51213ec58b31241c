import { startScreen } from "../start";
import Station from "./Station.svelte";

startScreen("station", Station);
