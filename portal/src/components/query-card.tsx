import type { UseQueryResult } from '@tanstack/react-query'
import { Alert, Button, Card, Skeleton } from 'antd'
import type { ReactNode } from 'react'

interface QueryCardProps<T> {
  title: string
  query: UseQueryResult<T>
  texts: { failed: string; retry: string }
  children: (data: T) => ReactNode
}

/** A card around what a query brings: a skeleton while it loads, its error with a way to ask again. */
export function QueryCard<T>({ title, query, texts, children }: QueryCardProps<T>) {
  return (
    <Card title={title}>
      {query.isPending && <Skeleton active title={false} />}
      {query.isError && (
        <Alert
          type="error"
          showIcon
          title={texts.failed}
          description={query.error.message}
          action={
            <Button size="small" loading={query.isFetching} onClick={() => void query.refetch()}>
              {texts.retry}
            </Button>
          }
        />
      )}
      {query.data !== undefined && !query.isError && children(query.data)}
    </Card>
  )
}
