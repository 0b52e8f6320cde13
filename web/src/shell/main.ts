import { openForPrint } from "./print";
import { offerThemes } from "./theme";
import { offerViews } from "./views";

offerThemes();
offerViews();
openForPrint();
