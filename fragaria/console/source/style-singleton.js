// Stands in for the package of this name, which adds <style> elements that our content security
// policy refuses. It does the same with a constructed style sheet, which the policy allows.
import { useEffect } from "react";

// A component that applies its `styles` to the page while at least one of it is mounted.
export function styleSingleton() {
  const sheet = stylesheetSingleton();
  return function Sheet({ styles, dynamic }) {
    useEffect(() => {
      sheet.add(styles);
      return () => sheet.remove();
    }, [styles && dynamic]);
    return null;
  };
}

function stylesheetSingleton() {
  const sheet = new CSSStyleSheet();
  let users = 0;
  return {
    add(styles) {
      if (users++ === 0) {
        sheet.replaceSync(styles);
        document.adoptedStyleSheets.push(sheet);
      }
    },
    remove() {
      if (--users === 0) {
        document.adoptedStyleSheets = document.adoptedStyleSheets.filter((it) => it !== sheet);
      }
    },
  };
}
