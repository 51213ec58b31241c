import { startScreen } from "../start";
import Door from "./Door.svelte";

startScreen("door", Door);
