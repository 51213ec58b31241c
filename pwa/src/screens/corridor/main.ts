import { startScreen } from "../start";
import Corridor from "./Corridor.svelte";

startScreen("corridor", Corridor);
