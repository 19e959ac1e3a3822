import { Result } from 'antd'
import { useTranslation } from 'react-i18next'

/** Where a page broke while it was drawn. */
export function ErrorPage({ error }: { error: unknown }) {
  const { t } = useTranslation('shell')

  return (
    <Result
      status="error"
      title={t('broken')}
      subTitle={error instanceof Error ? error.message : undefined}
    />
  )
}
