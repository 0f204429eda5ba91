// What is needed of Apache Parquet's own parquet.thrift to read page headers and to write a footer.

struct Counts {  // the beginning of all three kinds of page headers
  1: i32 num_values
}

struct PageHeader {
  3: i32 compressed_page_size
  5: Counts data_page_header
  7: Counts dictionary_page_header
  8: Counts data_page_header_v2
}

struct SchemaElement {
  1: i32 type
  2: i32 type_length
  3: i32 repetition_type
  4: string name
  5: i32 num_children
  6: i32 converted_type
}

struct ColumnMetaData {
  1: i32 type
  2: list<i32> encodings
  3: list<string> path_in_schema
  4: i32 codec
  5: i64 num_values
  6: i64 total_uncompressed_size
  7: i64 total_compressed_size
  9: i64 data_page_offset
  11: i64 dictionary_page_offset
}

struct ColumnChunk {
  2: i64 file_offset
  3: ColumnMetaData meta_data
}

struct RowGroup {
  1: list<ColumnChunk> columns
  2: i64 total_byte_size
  3: i64 num_rows
}

struct KeyValue {
  1: string key
  2: string value
}

struct FileMetaData {
  1: i32 version
  2: list<SchemaElement> schema
  3: i64 num_rows
  4: list<RowGroup> row_groups
  5: list<KeyValue> key_value_metadata
  6: string created_by
}
