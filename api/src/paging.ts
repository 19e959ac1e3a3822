import Type from 'typebox'

/** Query parameters of every list that comes in pages. */
export const PageQuery = {
  page: Type.Integer({ default: 1, description: 'The page, counted from 1.' }),
  page_size: Type.Integer({
    default: 10,
    maximum: 100,
    description: 'Elements on a page; below 1 means 100.',
  }),
}

/** Query parameters of lists that can be filtered and sorted. */
export const ListQuery = {
  ...PageQuery,
  q: Type.Optional(
    Type.String({
      description: 'Filter: `k=v`, `k=~v`, `k=[a~b]`, `k={a b}` (any), `k=(a b)` (all), joined by commas.',
    }),
  ),
  sort: Type.Optional(Type.String({ description: 'Fields joined by commas, `-` in front for descending.' })),
}
