import { startScreen } from "../start";
import Whiteboard from "./Whiteboard.svelte";

startScreen("whiteboard", Whiteboard);
