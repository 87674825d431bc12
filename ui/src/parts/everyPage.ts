/** The most that the API puts on a page. */
export const PAGE_LIMIT = 200

/** All items of a list that the API serves in pages: asks until there is no further page. */
export const everyPage = async <Page extends { readonly next_cursor: string | null }, Item>(
  ask: (cursor: string | undefined) => Promise<Page>,
  itemsOf: (page: Page) => ReadonlyArray<Item>
): Promise<ReadonlyArray<Item>> => {
  const items: Array<Item> = []
  let cursor: string | undefined
  do {
    const page = await ask(cursor)
    items.push(...itemsOf(page))
    cursor = page.next_cursor ?? undefined
  } while (cursor !== undefined)
  return items
}
