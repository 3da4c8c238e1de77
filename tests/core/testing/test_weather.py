import numpy as np
import pytest

from cropmap.testing.weather import (
    Forecast,
    Sky,
    Sun,
    cloud_shares,
    dilate,
    draw_sky,
    gaps,
    quality_bits,
    shadow_shift,
    sun,
)


def bits_of(value):
    return {bit for bit in range(16) if value >> bit & 1}


def one_pixel_sky(**flags):
    names = ("cloud", "shadow", "dilated", "cirrus", "snow")
    masks = {name: np.array([[flags.get(name, False)]]) for name in names}
    nothing = np.zeros((1, 1), dtype=np.float32)
    return Sky(**masks, opacity=nothing, shade=nothing, haze=nothing)


# Pixel values from the tables of the Landsat 8-9 Collection 2 Level 2 Science Product Guide, LSDS-1619.
@pytest.mark.parametrize(
    ("flags", "water", "value"),
    [
        ({}, False, 21824),
        ({}, True, 21952),
        ({"dilated": True}, False, 21762),
        ({"cloud": True}, False, 22280),
        ({"shadow": True}, False, 23888),
        ({"cirrus": True}, False, 54596),
        ({"cloud": True, "cirrus": True}, False, 55052),
        ({"snow": True}, False, 30048),
    ],
)
def test_quality_values_are_those_of_the_landsat_guide(flags, water, value):
    quality = quality_bits(one_pixel_sky(**flags), np.array([[water]]), np.array([[False]]), has_cirrus=True)
    assert int(quality[0, 0]) == value


@pytest.mark.parametrize(("flags", "value"), [({}, 5440), ({"cloud": True}, 5896), ({"cirrus": True}, 5440)])
def test_landsat_7_sees_no_cirrus(flags, value):
    quality = quality_bits(one_pixel_sky(**flags), np.array([[False]]), np.array([[False]]), has_cirrus=False)
    assert int(quality[0, 0]) == value


def test_fill_is_nothing_but_fill():
    quality = quality_bits(one_pixel_sky(cloud=True), np.array([[True]]), np.array([[True]]), has_cirrus=True)
    assert bits_of(int(quality[0, 0])) == {0}


@pytest.mark.parametrize("latitude", [0.0, 30.0, 45.5])
@pytest.mark.parametrize("day", [80, 172, 264])
def test_the_sun_stands_where_its_unit_vector_says(latitude, day):
    # Independent road: turn the sun's vector from the equator's frame into the observer's.
    declination = np.deg2rad(23.45 * np.sin(2 * np.pi * (284 + day) / 365))
    hour = np.deg2rad(-22.5)
    at_equator = np.array(
        [np.cos(declination) * np.cos(hour), -np.cos(declination) * np.sin(hour), np.sin(declination)]
    )
    phi = np.deg2rad(latitude)
    up = at_equator @ [np.cos(phi), 0, np.sin(phi)]
    north = at_equator @ [-np.sin(phi), 0, np.cos(phi)]
    east = at_equator[1]
    found = sun(latitude, day)
    assert np.sin(np.deg2rad(found.elevation)) == pytest.approx(up, abs=1e-9)
    assert np.tan(np.deg2rad(found.azimuth)) == pytest.approx(east / north, rel=1e-6)
    assert 0 < found.azimuth < 180


def test_the_summer_sun_over_vojvodina_stands_high_in_the_south_east():
    found = sun(45.4, 172)
    assert 58 < found.elevation < 63
    assert 120 < found.azimuth < 145


@pytest.mark.parametrize(
    ("azimuth", "expected"), [(180.0, (-50, 0)), (90.0, (0, -50)), (135.0, (-35, -35)), (270.0, (0, 50))]
)
def test_a_shadow_falls_away_from_the_sun(azimuth, expected):
    assert shadow_shift(Sun(45.0, azimuth), 1500.0) == expected


@pytest.mark.parametrize("mean", [0.0, 0.1, 0.35, 0.7])
def test_cloud_shares_have_the_mean_asked_for(mean):
    shares = cloud_shares(mean, 29, np.random.default_rng(3))
    assert shares.mean() == pytest.approx(mean, abs=0.02)
    assert shares.min() >= 0
    assert shares.max() <= 1


@pytest.mark.parametrize("share", [0.0, 0.2, 0.6])
def test_a_sky_has_the_cloud_share_asked_for(share):
    sky = draw_sky(96, Forecast(share, 0.0, 0.0, (-20, -15), 1.0), np.random.default_rng(0))
    assert sky.cloud.mean() == pytest.approx(share, abs=0.01)
    assert not sky.snow.any()
    assert not sky.cirrus.any()


def test_shadows_are_clouds_displaced_and_not_hidden_by_clouds():
    down, right = -20, -15
    sky = draw_sky(128, Forecast(0.3, 0.0, 0.0, (down, right), 1.0), np.random.default_rng(0))
    for row in range(128 + down):
        for col in range(128 + right):
            cast = sky.cloud[row - down, col - right]
            assert sky.shadow[row, col] == (cast and not sky.cloud[row, col])


def test_the_ring_around_clouds_is_called_dilated():
    sky = draw_sky(64, Forecast(0.3, 0.0, 0.0, (-5, -5), 1.0), np.random.default_rng(0))
    for row in range(64):
        for col in range(64):
            near = sky.cloud[max(row - 3, 0) : row + 4, max(col - 3, 0) : col + 4].any()
            assert sky.dilated[row, col] == (near and not sky.cloud[row, col])


def test_dilation_widens_a_pixel_to_a_square():
    mask = np.zeros((9, 9), dtype=bool)
    mask[4, 4] = True
    assert dilate(mask, 2).sum() == 25
    assert dilate(mask, 2)[2:7, 2:7].all()


def test_clouds_hang_together():
    cloud = draw_sky(128, Forecast(0.4, 0.0, 0.0, (-5, -5), 1.0), np.random.default_rng(1)).cloud
    alike = (cloud[:, 1:] == cloud[:, :-1]).mean()
    assert alike > 0.95


def test_snow_and_cirrus_take_the_share_asked_for():
    sky = draw_sky(96, Forecast(0.0, 0.4, 0.25, (-5, -5), 1.0), np.random.default_rng(0))
    assert sky.snow.mean() == pytest.approx(0.4, abs=0.01)
    assert sky.cirrus.mean() == pytest.approx(0.25, abs=0.01)


def test_an_overcast_sky_hides_everything():
    sky = draw_sky(32, Forecast(1.0, 0.5, 0.0, (-5, -5), 1.0), np.random.default_rng(0))
    assert sky.cloud.all()
    assert (sky.opacity == 1).all()
    assert not sky.snow.any()


def test_gaps_widen_from_the_track_and_take_a_fifth_of_the_scene():
    missing = gaps(512, np.random.default_rng(0))
    by_col = missing.mean(axis=0)
    assert missing.mean() == pytest.approx(0.22, abs=0.01)
    assert by_col[250:262].mean() < 0.02
    assert by_col[:16].mean() == pytest.approx(14 / 32, abs=0.03)
    assert by_col[0] > by_col[64] > by_col[128] > by_col[192]
