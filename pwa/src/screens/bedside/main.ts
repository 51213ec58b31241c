import { startScreen } from "../start";
import Bedside from "./Bedside.svelte";

startScreen("bedside", Bedside);
