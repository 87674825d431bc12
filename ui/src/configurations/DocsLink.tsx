import { ExternalLink } from "lucide-react"
import type { Provider } from "../parts/providers.ts"

/** To the carrier's own documents, in another tab. */
export const DocsLink = ({ of: { display_name, docs_url } }: { readonly of: Provider }) => (
  <a
    href={docs_url}
    target="_blank"
    rel="noreferrer"
    className="text-accent inline-flex items-center gap-1 underline-offset-2 hover:underline"
  >
    {display_name}: documentation <ExternalLink size={12} aria-hidden />
    <span className="sr-only">(opens another tab)</span>
  </a>
)
