/** The most that the API puts on a page. */
const PAGE_LIMIT = 200

/** What a page of a list is asked with. */
export interface PageQuery {
  readonly limit: number
  readonly cursor?: string
}

/** All items of a list that the API serves in pages: asks until there is no further page. */
export const everyPage = async <Page extends { readonly next_cursor: string | null }, Item>(
  ask: (query: PageQuery) => Promise<Page>,
  itemsOf: (page: Page) => ReadonlyArray<Item>
): Promise<ReadonlyArray<Item>> => {
  const items: Array<Item> = []
  let query: PageQuery | undefined = { limit: PAGE_LIMIT }
  while (query !== undefined) {
    const page: Page = await ask(query)
    items.push(...itemsOf(page))
    query = page.next_cursor === null ? undefined : { limit: PAGE_LIMIT, cursor: page.next_cursor }
  }
  return items
}
