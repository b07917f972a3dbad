// The whole page. Further pages hang in here.

import { Overview } from "./pages/overview/Overview";
import { Footer } from "./shell/Footer";
import { Header } from "./shell/Header";
import { KeySheet } from "./shell/KeySheet";

export function App() {
  return (
    <>
      <Header />
      <Overview />
      <Footer />
      <KeySheet />
    </>
  );
}
