import { readPayload } from "../shell/payload";
import { onView } from "../shell/views";
import { drawChart, type Chart } from "./chart";
import { onTheme } from "./theme";

const charts = readPayload<{ charts: Chart[] }>("charts")?.charts ?? [];

async function drawAll(): Promise<void> {
  await Promise.all(charts.map(drawChart));
}

onTheme(() => void drawAll());
onView(() => void drawAll());
void drawAll().then(() => performance.mark("npufit:ready"));
