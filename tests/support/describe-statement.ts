import type { ClientBase, Connection, FieldDef, Submittable } from 'pg';

export interface StatementShape {
  /** In the order of the row; types as PostgreSQL calls them. */
  columns: { name: string; type: string }[];
  parameters: number;
}

interface Field {
  name: string;
  dataTypeID: number;
}

/** What a connection offers beyond its published types: PostgreSQL's extended protocol, message by message. */
interface Protocol {
  parse(message: { name: string; text: string; types: number[] }): void;
  describe(message: { type: 'S'; name: string }): void;
  sync(): void;
  once(event: 'parameterDescription', listener: (message: { dataTypeIDs: number[] }) => void): void;
}

/** Has PostgreSQL parse a statement without running it, and tells its columns and parameters. */
export async function describeStatement(client: ClientBase, text: string): Promise<StatementShape> {
  let parameters = 0;
  const fields = await new Promise<Field[]>((resolve, reject) => {
    let found: Field[] = [];
    const request = {
      submit(connection: Connection) {
        const protocol = connection as unknown as Protocol;
        protocol.once('parameterDescription', (message) => {
          parameters = message.dataTypeIDs.length;
        });
        protocol.parse({ name: '', text, types: [] });
        protocol.describe({ type: 'S', name: '' });
        protocol.sync();
      },
      handleRowDescription(message: { fields: FieldDef[] }) {
        found = message.fields;
      },
      // The client takes its leave of a request at the first error: no ready-for-query will come.
      handleError: reject,
      handleReadyForQuery: () => resolve(found),
    };
    client.query(request as Submittable);
  });
  const columns: { name: string; type: string }[] = [];
  for (const { name, dataTypeID } of fields) {
    const { rows } = await client.query<{ type: string }>('select format_type($1, null) as type', [
      dataTypeID,
    ]);
    columns.push({ name, type: rows[0]?.type ?? '?' });
  }
  return { columns, parameters };
}
