import { useEffect, useState } from "preact/hooks";
import { type PageName, pageOf } from "../lib/route.ts";

/** The page that the address names. */
export function useRoute(): PageName {
  const [page, setPage] = useState(() => pageOf(location.hash));
  useEffect(() => {
    const onChange = () => {
      setPage(pageOf(location.hash));
      scrollTo(0, 0);
    };
    addEventListener("hashchange", onChange);
    return () => removeEventListener("hashchange", onChange);
  }, []);
  return page;
}
