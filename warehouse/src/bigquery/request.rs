//! Requests of BigQuery's REST API, and the names that their paths are made of.

use form_urlencoded::byte_serialize;
use std::fmt;

/// Where Google answers (<https://cloud.google.com/bigquery/docs/reference/rest>). An emulator has its own address.
pub const ENDPOINT: &str = "https://bigquery.googleapis.com";

/// One call. The caller puts the endpoint before its path, the bearer token into `Authorization`, and says
/// `application/json` of its body.
#[derive(Clone, PartialEq, Eq)]
pub struct Request {
    /// The HTTP method.
    pub method: Method,
    /// From the first slash on, with the query.
    pub path: String,
    /// JSON, where the method has a body.
    pub body: Option<String>,
}

/// Without the body, which may hold what people sent.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method.as_str(), self.path)
    }
}

/// The methods that the API uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Reads.
    Get,
    /// Creates or asks.
    Post,
    /// Changes the members that the body has.
    Patch,
}

impl Method {
    /// Its name in HTTP.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Patch => "PATCH",
        }
    }
}

/// A dataset by its names, which are plain: they stand in paths and in SQL as they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dataset {
    project: String,
    name: String,
}

/// A name that Google would not take. Names come from settings and may be told.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// <https://cloud.google.com/resource-manager/docs/creating-managing-projects>
    #[error(
        "`{0}` is no project id: give the id, such as `shop-4711`, not the project's display name or number"
    )]
    Project(String),
    /// <https://cloud.google.com/bigquery/docs/datasets#dataset-naming>
    #[error("`{0}` is no dataset name: give letters, digits and underscores, at most 1024")]
    Dataset(String),
}

impl Dataset {
    /// The dataset `name` of `project`.
    ///
    /// # Errors
    /// [`NameError`] for the first name that is none.
    pub fn new(project: &str, name: &str) -> Result<Self, NameError> {
        if !is_project(project) {
            return Err(NameError::Project(project.to_owned()));
        }
        let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if !plain || !(1..=1024).contains(&name.len()) {
            return Err(NameError::Dataset(name.to_owned()));
        }
        Ok(Self { project: project.to_owned(), name: name.to_owned() })
    }

    /// The project's id.
    pub fn project(&self) -> &str {
        &self.project
    }

    /// The dataset's own name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The path of something in the project, such as `queries` or `datasets`.
    pub fn project_path(&self, what: &str) -> String {
        format!("/bigquery/v2/projects/{}/{what}", self.project)
    }

    /// The path of something in the dataset, such as `tables`.
    pub fn path(&self, what: &str) -> String {
        self.project_path(&format!("datasets/{}/{what}", self.name))
    }
}

/// 6 to 30 lower-case letters, digits and hyphens; projects of the time before 2015 may have a domain in front,
/// such as `example.com:shop`.
pub(super) fn is_project(id: &str) -> bool {
    let (domain, own) = id.split_once(':').unwrap_or(("", id));
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    own.starts_with(|first: char| first.is_ascii_lowercase())
        && own.len() <= 30
        && own.bytes().all(plain)
        && domain.bytes().all(|byte| plain(byte) || byte == b'.')
}

/// Text from Google as part of a path or of a query.
pub(super) fn encoded(text: &str) -> String {
    byte_serialize(text.as_bytes()).collect()
}
