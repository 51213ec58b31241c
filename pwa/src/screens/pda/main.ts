import { startScreen } from "../start";
import Pda from "./Pda.svelte";

startScreen("pda", Pda);
