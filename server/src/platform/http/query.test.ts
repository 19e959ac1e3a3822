import fc from 'fast-check'
import { expect, test } from 'vitest'
import { DomainError } from '../errors.ts'
import { type Fields, parseFilters, parseSort } from './query.ts'

type Name = 'name' | 'project_id' | 'public' | 'creation_time'

const FIELDS: Fields<Name> = {
  name: 'string',
  project_id: 'integer',
  public: 'boolean',
  creation_time: 'time',
}

test.each([
  ['name=library', { field: 'name', op: 'exact', value: 'library' }],
  ['name=~lib', { field: 'name', op: 'fuzzy', value: 'lib' }],
  ['name="a,b=c"', { field: 'name', op: 'exact', value: 'a,b=c' }],
  ["name=~'a b'", { field: 'name', op: 'fuzzy', value: 'a b' }],
  ["name={'a' 'b c' d}", { field: 'name', op: 'any', values: ['a', 'b c', 'd'] }],
  ['project_id=(1 2)', { field: 'project_id', op: 'all', values: [1, 2] }],
  ['project_id=[3~7]', { field: 'project_id', op: 'range', min: 3, max: 7 }],
  ['project_id=[3~]', { field: 'project_id', op: 'range', min: 3, max: undefined }],
  ['project_id=[~7]', { field: 'project_id', op: 'range', min: undefined, max: 7 }],
  ['ProjectID=5', { field: 'project_id', op: 'exact', value: 5 }],
  ['public=true', { field: 'public', op: 'exact', value: true }],
  ['name%3D~x', { field: 'name', op: 'fuzzy', value: 'x' }],
  ['name=~library%2Fnginx', { field: 'name', op: 'fuzzy', value: 'library/nginx' }],
  ['name=%7Ba%20b%2Cc%7D', { field: 'name', op: 'any', values: ['a', 'b,c'] }],
  ['name=~50%', { field: 'name', op: 'fuzzy', value: '50%' }],
  ['name=a=b', { field: 'name', op: 'exact', value: 'a=b' }],
  ['name=\\~x', { field: 'name', op: 'exact', value: '~x' }],
  ['name__icontains=x', { field: 'name', op: 'fuzzy', value: 'x' }],
  ['name__exact=~x', { field: 'name', op: 'exact', value: '~x' }],
  ['name__in={a b}', { field: 'name', op: 'any', values: ['a', 'b'] }],
  ['project_id__gte=3', { field: 'project_id', op: 'range', min: 3, max: undefined }],
  ['project_id__gt=3', { field: 'project_id', op: 'range', min: 3, max: undefined, exclusive: true }],
  ['project_id__lt=3', { field: 'project_id', op: 'range', min: undefined, max: 3, exclusive: true }],
  ['ProjectID__lte=3', { field: 'project_id', op: 'range', min: undefined, max: 3 }],
  [
    "creation_time=['2024-01-02 03:04:05'~2024-02-01]",
    {
      field: 'creation_time',
      op: 'range',
      min: new Date('2024-01-02T03:04:05Z'),
      max: new Date('2024-02-01'),
    },
  ],
])('reads %s', (q, filter) => {
  expect(parseFilters(q, FIELDS)).toEqual([filter])
})

test('joins conditions by commas outside brackets and quotes', () => {
  const filters = parseFilters('name={a,b c},project_id=[1~2],public=0', FIELDS)

  expect(filters.map(({ field }) => field)).toEqual(['name', 'project_id', 'public'])
})

test('operators that nobody knows are passed over with their condition', () => {
  expect(parseFilters('name__regex=x,public__icontains=t,nope__exact=1', FIELDS)).toEqual([])
})

test('more conditions than anybody asks for are refused', () => {
  const asked = (count: number) => () => parseFilters(Array(count).fill('name=~x').join(','), FIELDS)

  expect(asked(50)()).toHaveLength(50)
  expect(asked(51)).toThrow('more than 50 conditions')
})

test('nothing asked is nothing filtered', () => {
  expect(parseFilters(undefined, FIELDS)).toEqual([])
  expect(parseFilters('', FIELDS)).toEqual([])
})

test.each([
  ['name', /must contain "="/],
  ['=x', /must contain "="/],
  ['name=', /cannot be empty/],
  ['name=a,', /must contain "="/],
  ['project_id=one', /must be an integer/],
  ['project_id=1.5', /must be an integer/],
  ['project_id=99999999999999999999', /must be an integer/],
  ['public=maybe', /must be a boolean/],
  ['creation_time=yesterday', /must be a time/],
  ['project_id=[1~2', /lacks its closing bracket/],
  ['project_id=[1]', /must have the form/],
  ['project_id=[~]', /must have the form/],
  ['name={}', /is empty/],
  ['project_id=~5', /no text to search in/],
  ['creation_time=~2024', /no text to search in/],
])('refuses %s', (q, message) => {
  expect(() => parseFilters(q, FIELDS)).toThrow(message)
})

test('whatever is sent, the answer is filters or a refusal', () => {
  const text = fc.string({ unit: fc.constantFrom(...'name=~[](){}\'",% 1a') })

  fc.assert(
    fc.property(text, (q) => {
      try {
        return Array.isArray(parseFilters(q, FIELDS))
      } catch (error) {
        return error instanceof DomainError && error.kind === 'bad-request'
      }
    }),
  )
})

test('sorts by known names, the first mention counts, unknown ones are passed over', () => {
  expect(parseSort('-name, project_id,nonsense,name', ['name', 'project_id'])).toEqual([
    { field: 'name', descending: true },
    { field: 'project_id', descending: false },
  ])
  expect(parseSort(undefined, ['name'])).toEqual([])
})

test.each(['colour=red', '__proto__=1', 'constructor={a b}'])(
  '%s names no field of the list and is passed over',
  (condition) => {
    expect(parseFilters(`${condition},name=a`, FIELDS)).toEqual([{ field: 'name', op: 'exact', value: 'a' }])
  },
)
