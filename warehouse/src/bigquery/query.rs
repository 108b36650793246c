//! `jobs.query` (<https://cloud.google.com/bigquery/docs/reference/rest/v2/jobs/query>): questions in GoogleSQL.

use super::request::{Dataset, Method, Request};
use event::Millis;
use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};
use serde_json::json;

/// A question. [`answer`](super::answer) reads the reply.
#[derive(Debug, Clone, Copy, Default)]
pub struct Query<'a> {
    /// GoogleSQL with parameters such as `@day`. Tables have the dataset's name in front, but where it is the default.
    pub sql: &'a str,
    /// The parameters by their names.
    pub parameters: &'a [(&'a str, Parameter<'a>)],
    /// Whether tables may be named without the dataset, which is then the one that is asked.
    pub in_dataset: bool,
    /// Where the dataset lies, such as `EU`; Google finds out by itself where it is left out.
    pub location: Option<&'a str>,
    /// Most rows of a page; there are fewer where they have more than 10 MB.
    pub max_results: Option<u32>,
    /// A question that would read more is refused and costs nothing.
    pub max_bytes_billed: Option<u64>,
    /// Makes a statement that changes something happen once, though it be sent again within 15 minutes. At most 36 ASCII
    /// characters, such as a UUID.
    pub request_id: Option<&'a str>,
}

/// The value of a parameter.
#[derive(Debug, Clone, Copy)]
pub enum Parameter<'a> {
    /// `BOOL`
    Bool(bool),
    /// `INT64`
    Int(i64),
    /// `FLOAT64`
    Float(f64),
    /// `STRING`
    Text(&'a str),
    /// `DATE`, such as `2026-11-01`.
    Date(&'a str),
    /// `TIMESTAMP`
    Timestamp(Millis),
    /// `ARRAY<STRING>`, for `IN UNNEST(@ids)`.
    Texts(&'a [String]),
}

impl Query<'_> {
    /// Asks in the project of `dataset`, which pays.
    pub fn request(&self, dataset: &Dataset) -> Request {
        let body = Body {
            query: self.sql,
            default_dataset: self.default_dataset(dataset),
            use_legacy_sql: false,
            parameter_mode: "NAMED",
            query_parameters: self.parameters.iter().map(Named).collect(),
            location: self.location,
            max_results: self.max_results,
            maximum_bytes_billed: self.max_bytes_billed.map(|bytes| bytes.to_string()),
            request_id: self.request_id,
            format_options: FormatOptions { use_int64_timestamp: true },
        };
        let body = serde_json::to_string(&body).expect("texts and numbers are JSON");
        Request { method: Method::Post, path: dataset.project_path("queries"), body: Some(body) }
    }

    /// Asks as a job of its own, which takes one more call than [`Self::request`]; [`started`](super::started) reads the reply, and
    /// says where the results are.
    pub fn job(&self, dataset: &Dataset) -> Request {
        self.inserted(dataset, false)
    }

    /// Asks what it would read, which costs nothing and changes nothing, whatever it is
    /// (<https://cloud.google.com/bigquery/docs/running-queries#dry-run>). [`Estimate`](super::Estimate) reads the reply.
    pub fn dry_run(&self, dataset: &Dataset) -> Request {
        self.inserted(dataset, true)
    }

    /// `jobs.insert` (<https://cloud.google.com/bigquery/docs/reference/rest/v2/jobs/insert>).
    fn inserted(&self, dataset: &Dataset, dry_run: bool) -> Request {
        let query = Asked {
            query: self.sql,
            default_dataset: self.default_dataset(dataset),
            use_legacy_sql: false,
            parameter_mode: "NAMED",
            query_parameters: self.parameters.iter().map(Named).collect(),
            maximum_bytes_billed: self.max_bytes_billed.map(|bytes| bytes.to_string()),
        };
        let reference = json!({ "projectId": dataset.project(), "location": self.location });
        let body =
            json!({ "jobReference": reference, "configuration": { "dryRun": dry_run, "query": query } });
        Request { method: Method::Post, path: dataset.project_path("jobs"), body: Some(body.to_string()) }
    }

    fn default_dataset<'d>(&self, dataset: &'d Dataset) -> Option<DatasetReference<'d>> {
        self.in_dataset
            .then(|| DatasetReference { project_id: dataset.project(), dataset_id: dataset.name() })
    }
}

/// The part of a job that is the question (`JobConfigurationQuery`).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Asked<'a> {
    query: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    default_dataset: Option<DatasetReference<'a>>,
    use_legacy_sql: bool,
    parameter_mode: &'a str,
    query_parameters: Vec<Named<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    maximum_bytes_billed: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    query: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    default_dataset: Option<DatasetReference<'a>>,
    /// True where it is left out.
    use_legacy_sql: bool,
    parameter_mode: &'a str,
    query_parameters: Vec<Named<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_results: Option<u32>,
    /// Numbers of 64 bits are texts in Google's JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    maximum_bytes_billed: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<&'a str>,
    format_options: FormatOptions,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DatasetReference<'a> {
    project_id: &'a str,
    dataset_id: &'a str,
}

/// Times are whole microseconds; otherwise they are seconds as floating point, which has not all of them.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FormatOptions {
    use_int64_timestamp: bool,
}

struct Named<'a>(&'a (&'a str, Parameter<'a>));

impl Serialize for Named<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self((name, parameter)) = self;
        let scalar = |kind, value: String| (json!({ "type": kind }), json!({ "value": value }));
        let (kind, value) = match parameter {
            Parameter::Bool(value) => scalar("BOOL", value.to_string()),
            Parameter::Int(value) => scalar("INT64", value.to_string()),
            Parameter::Float(value) => scalar("FLOAT64", value.to_string()),
            Parameter::Text(value) => scalar("STRING", (*value).to_owned()),
            Parameter::Date(value) => scalar("DATE", (*value).to_owned()),
            Parameter::Timestamp(value) => scalar("TIMESTAMP", value.to_string()),
            Parameter::Texts(values) => {
                let values: Vec<_> = values.iter().map(|value| json!({ "value": value })).collect();
                (
                    json!({ "type": "ARRAY", "arrayType": { "type": "STRING" } }),
                    json!({ "arrayValues": values }),
                )
            }
        };
        let mut named = serializer.serialize_struct("QueryParameter", 3)?;
        named.serialize_field("name", name)?;
        named.serialize_field("parameterType", &kind)?;
        named.serialize_field("parameterValue", &value)?;
        named.end()
    }
}
