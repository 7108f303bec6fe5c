"""
Draws the demo's pictures: `pictures.py scan OUT.jpg` (a typed page as a cheap scanner gives it), `pictures.py photo OUT.jpg` (a portrait of nobody).
Called by make-vectors.sh; needs python3-pil and fonts-noto-core.
"""
import random
import sys

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont

FONT = "/usr/share/fonts/truetype/noto/NotoSerif-Regular.ttf"
LINES = """CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM
Độc lập – Tự do – Hạnh phúc

GIẤY XÁC NHẬN THÔNG TIN VỀ CƯ TRÚ

Công an Phường Bến Thành xác nhận:
Họ, chữ đệm và tên: NGUYỄN THỊ HẠNH
Ngày, tháng, năm sinh: 08/03/1992      Giới tính: Nữ
Số định danh cá nhân: 079192004217
Nơi thường trú: 12/4 đường Hoa Sữa, Phường Bến Thành
Ngày đăng ký thường trú: 01/09/2015
Chủ hộ: NGUYỄN VĂN LỘC      Quan hệ với chủ hộ: Con

Giấy này có giá trị trong 01 năm kể từ ngày ký.

                                   Ngày 20 tháng 02 năm 2026
                                   (Giấy tờ hư cấu để thử nghiệm)""".split("\n")


def scan(path):
    width, height = 990, 1400  # A4 at 120 dpi
    page = Image.new("L", (width, height), 243)
    draw, font = ImageDraw.Draw(page), ImageFont.truetype(FONT, 24)
    for i, line in enumerate(LINES):
        x = (width - draw.textlength(line, font=font)) / 2 if i in (0, 1, 3) else 110
        draw.text((x, 110 + i * 46), line, font=font, fill=45)
    page = page.rotate(-0.8, resample=Image.Resampling.BICUBIC, fillcolor=205).filter(ImageFilter.GaussianBlur(0.6))
    noise = Image.effect_noise((width, height), 14)
    shadow = Image.linear_gradient("L").resize((width, height)).point(lambda v: 255 - v // 9)
    page = ImageChops.multiply(Image.blend(page, noise, 0.10), shadow)
    red = Image.new("RGB", (width, height))
    red.paste(page.convert("RGB"))
    stamp = ImageDraw.Draw(red)
    stamp.ellipse((610, 950, 830, 1170), outline=(196, 48, 52), width=5)
    stamp.ellipse((640, 980, 800, 1140), outline=(196, 48, 52), width=2)
    stamp.text((668, 1042), "BẢN THỬ", font=font, fill=(196, 48, 52))
    red.filter(ImageFilter.GaussianBlur(0.5)).save(path, quality=38, dpi=(120, 120))


def photo(path):
    picture = Image.new("RGB", (600, 800), (84, 140, 196))
    draw = ImageDraw.Draw(picture)
    draw.ellipse((40, 560, 560, 1100), fill=(238, 238, 242))       # shoulders
    draw.polygon([(255, 590), (345, 590), (300, 690)], fill=(214, 172, 142))
    draw.rectangle((255, 480, 345, 600), fill=(214, 172, 142))     # neck
    draw.ellipse((165, 130, 435, 480), fill=(36, 28, 26))          # hair
    draw.ellipse((190, 190, 410, 520), fill=(228, 188, 158))       # face
    draw.chord((180, 120, 420, 330), 180, 360, fill=(36, 28, 26))
    for x in (250, 350):
        draw.ellipse((x - 18, 325, x + 18, 345), fill=(250, 250, 250))
        draw.ellipse((x - 8, 326, x + 8, 344), fill=(40, 30, 24))
        draw.arc((x - 26, 295, x + 26, 335), 200, 340, fill=(40, 30, 26), width=5)
    draw.line((300, 350, 292, 405, 306, 408), fill=(196, 150, 122), width=4)
    draw.arc((260, 400, 340, 460), 20, 160, fill=(170, 82, 82), width=6)
    picture = picture.filter(ImageFilter.GaussianBlur(1.2))
    picture = Image.blend(picture, Image.effect_noise((600, 800), 20).convert("RGB"), 0.06)
    picture.save(path, quality=82)


random.seed(1)
{"scan": scan, "photo": photo}[sys.argv[1]](sys.argv[2])
