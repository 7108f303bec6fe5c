"""
Writes the demo's forms as flat OpenDocument text, for LibreOffice to make PDFs of: `to_khai.py form` (one page), `to_khai.py file` (many pages).
Called by make-vectors.sh. All people are fictional; the wording follows the printed forms of civil status offices.
"""
import sys
from xml.sax.saxutils import escape

HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<office:document xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"
 xmlns:style="urn:oasis:names:tc:opendocument:xmlns:style:1.0" xmlns:fo="urn:oasis:names:tc:opendocument:xmlns:xsl-fo-compatible:1.0"
 xmlns:meta="urn:oasis:names:tc:opendocument:xmlns:meta:1.0" xmlns:dc="http://purl.org/dc/elements/1.1/"
 office:version="1.2" office:mimetype="application/vnd.oasis.opendocument.text">
<office:meta><dc:title>{title}</dc:title><dc:language>vi</dc:language></office:meta>
<office:styles>
<style:default-style style:family="paragraph"><style:text-properties fo:font-family="Noto Serif" fo:font-size="11.5pt" fo:language="vi" fo:country="VN"/></style:default-style>
<style:style style:name="P" style:family="paragraph"><style:paragraph-properties fo:margin-bottom="0.15cm" fo:text-align="justify"/></style:style>
<style:style style:name="C" style:family="paragraph"><style:paragraph-properties fo:text-align="center"/></style:style>
<style:style style:name="T" style:family="paragraph"><style:paragraph-properties fo:text-align="center" fo:margin-top="0.5cm" fo:margin-bottom="0.4cm"/>
<style:text-properties fo:font-weight="bold" fo:font-size="14pt"/></style:style>
<style:style style:name="R" style:family="paragraph"><style:paragraph-properties fo:text-align="end" fo:margin-top="0.4cm"/><style:text-properties fo:font-style="italic"/></style:style>
<style:style style:name="N" style:family="paragraph"><style:paragraph-properties fo:break-before="page" fo:text-align="center"/><style:text-properties fo:font-weight="bold"/></style:style>
</office:styles>
<office:automatic-styles><style:page-layout style:name="A4"><style:page-layout-properties fo:page-width="21cm" fo:page-height="29.7cm" fo:margin="2cm"/></style:page-layout></office:automatic-styles>
<office:master-styles><style:master-page style:name="Standard" style:page-layout-name="A4"/></office:master-styles>
<office:body><office:text>
"""
TAIL = "</office:text></office:body></office:document>\n"

FORM = [
    ("C", "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"), ("C", "Độc lập – Tự do – Hạnh phúc"), ("C", "———————"),
    ("T", "TỜ KHAI CẤP GIẤY XÁC NHẬN TÌNH TRẠNG HÔN NHÂN"),
    ("P", "Kính gửi: Ủy ban nhân dân Phường Bến Thành, Thành phố Hồ Chí Minh"),
    ("P", "Họ, chữ đệm, tên người yêu cầu: NGUYỄN THỊ HẠNH"),
    ("P", "Nơi cư trú: 12/4 đường Hoa Sữa, Phường Bến Thành, Thành phố Hồ Chí Minh"),
    ("P", "Giấy tờ tùy thân: Thẻ căn cước số 079192004217, Cục Cảnh sát Quản lý hành chính về trật tự xã hội, cấp ngày 14/05/2022"),
    ("P", "Quan hệ với người được cấp Giấy xác nhận tình trạng hôn nhân: Bản thân"),
    ("P", "Đề nghị cấp Giấy xác nhận tình trạng hôn nhân cho người có tên dưới đây:"),
    ("P", "Họ, chữ đệm, tên: NGUYỄN THỊ HẠNH"),
    ("P", "Ngày, tháng, năm sinh: 08/03/1992          Giới tính: Nữ          Dân tộc: Kinh          Quốc tịch: Việt Nam"),
    ("P", "Tình trạng hôn nhân: Hiện tại chưa đăng ký kết hôn với ai."),
    ("P", "Trong thời gian cư trú tại: 12/4 đường Hoa Sữa, từ ngày 01/09/2015 đến nay."),
    ("P", "Mục đích sử dụng Giấy xác nhận tình trạng hôn nhân: Làm thủ tục mua bán nhà ở."),
    ("P", "Tôi cam đoan những nội dung khai trên đây là đúng sự thật và chịu trách nhiệm trước pháp luật về cam đoan của mình."),
    ("P", "Đề nghị cấp bản sao điện tử: ☑ Có    ☐ Không          Số lượng: 01 bản"),
    ("R", "Làm tại: Thành phố Hồ Chí Minh, ngày 02 tháng 03 năm 2026"),
    ("R", "Người yêu cầu (ký, ghi rõ họ, chữ đệm, tên)"), ("R", ""), ("R", "Nguyễn Thị Hạnh"),
    ("P", "Ghi chú: Tờ khai này là ví dụ để thử nghiệm; người, số và địa chỉ đều hư cấu."),
]

SUBJECTS = ["Biên bản kiểm tra hiện trạng", "Bảng kê giấy tờ kèm theo", "Ý kiến của hộ liền kề", "Trích lục bản đồ địa chính", "Phiếu chuyển thông tin", "Biên bản niêm yết công khai"]
SENTENCES = [
    "Căn cứ đơn đề nghị của người nộp hồ sơ và kết quả kiểm tra tại thực địa, các bên thống nhất nội dung như sau.",
    "Phần đất nêu tại mục này không có tranh chấp, không bị kê biên để bảo đảm thi hành án.",
    "Các hộ liền kề đã được thông báo và không có ý kiến khác về ranh giới sử dụng.",
    "Giấy tờ kèm theo được đối chiếu với bản chính; cán bộ tiếp nhận ghi nhận đầy đủ số tờ, số trang.",
    "Người nộp hồ sơ chịu trách nhiệm về tính chính xác của thông tin đã kê khai.",
]


def many_pages(n):
    out = [("C", "HỒ SƠ ĐỀ NGHỊ CẤP GIẤY CHỨNG NHẬN"), ("T", "TẬP TÀI LIỆU KÈM THEO"), ("P", "Tài liệu hư cấu để thử nghiệm, %d trang." % n)]
    for page in range(2, n + 1):
        out.append(("N", "Tài liệu số %02d – %s" % (page - 1, SUBJECTS[page % len(SUBJECTS)])))
        for line in range(9):
            out.append(("P", "%d.%d. %s" % (page - 1, line + 1, SENTENCES[(page * 3 + line) % len(SENTENCES)])))
    return out


def main():
    lines, title = (FORM, "Tờ khai cấp Giấy xác nhận tình trạng hôn nhân") if sys.argv[1] == "form" else (many_pages(60), "Tập tài liệu kèm theo")
    sys.stdout.write(HEAD.replace("{title}", escape(title)))
    for style, text in lines:
        sys.stdout.write('<text:p text:style-name="%s">%s</text:p>\n' % (style, escape(text).replace("   ", '<text:s text:c="3"/>')))
    sys.stdout.write(TAIL)


main()
