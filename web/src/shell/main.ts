import { offerThemes } from "./theme";
import { offerViews } from "./views";

offerThemes();
offerViews();
