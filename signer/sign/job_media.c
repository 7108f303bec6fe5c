/*
 * Media types by the ends of file names, as containers state them.
 * Called by job_asic.c. RFC 6838; the types are IANA's.
 */
#include "signer/sign/job_impl.h"

static const struct {
    const char *end, *type;
} TYPES[] = {
    {".pdf", "application/pdf"},
    {".xml", "text/xml"},
    {".txt", "text/plain"},
    {".csv", "text/csv"},
    {".html", "text/html"},
    {".json", "application/json"},
    {".rtf", "application/rtf"},
    {".zip", "application/zip"},
    {".jpg", "image/jpeg"},
    {".jpeg", "image/jpeg"},
    {".png", "image/png"},
    {".tif", "image/tiff"},
    {".tiff", "image/tiff"},
    {".svg", "image/svg+xml"},
    {".doc", "application/msword"},
    {".xls", "application/vnd.ms-excel"},
    {".ppt", "application/vnd.ms-powerpoint"},
    {".docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
    {".xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
    {".pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"},
    {".odt", "application/vnd.oasis.opendocument.text"},
    {".ods", "application/vnd.oasis.opendocument.spreadsheet"},
    {".odp", "application/vnd.oasis.opendocument.presentation"},
    {".mp4", "video/mp4"},
    {".mp3", "audio/mpeg"},
};

const char *job_media_type(const char *path)
{
    for (size_t i = 0; i < sizeof TYPES / sizeof *TYPES; i++) {
        if (job_ends_in(path, TYPES[i].end))
            return TYPES[i].type;
    }
    return NULL;
}
