"""Labels: files, folders and COCO, and everything that can be wrong with them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from npufit.errors import InputError
from npufit.evaluating.box_labels import read_box_labels
from npufit.evaluating.class_labels import Classes, read_class_labels
from npufit.evaluating.image_files import ImageFile, find_images
from npufit.evaluating.rankings import rank

_IMAGES = tuple(ImageFile(name, Path("photos") / name) for name in ("a/one.jpg", "b/two.jpg", "b/three.jpg"))
_ANIMALS = Classes(3, ("background", "cat, tabby", "dog"), 0)


def _csv(folder: Path, text: str) -> Path:
    path = folder / "labels.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_file_of_labels_has_indices_or_names_of_classes(tmp_path: Path) -> None:
    text = "\ufefffile,label\none.jpg,cat\nb/two.jpg,2\n/elsewhere/three.jpg,DOG\nfour.jpg,1\n"
    found = read_class_labels(_csv(tmp_path, text), _IMAGES, _ANIMALS)
    assert found.by_image == {"a/one.jpg": 1, "b/two.jpg": 2, "b/three.jpg": 2}
    assert found.how == "labels from labels.csv; 1 line of it names no image"


@pytest.mark.parametrize(
    ("text", "classes", "said"),
    [
        ("one.jpg,3\n", _ANIMALS, "line 1: class 3 does not exist: the model has 3 classes"),
        ("one.jpg,cow\n", _ANIMALS, "'cow' is neither an index nor the name of a class"),
        ("one.jpg,cow\n", Classes(3, (), 0), "give --class-names"),
        ("one.jpg,1\n", Classes(1001), "--label-offset 1 if they count from the first real class"),
        ("one.jpg\n", _ANIMALS, "line 1: expected file,label"),
        ("four.jpg,1\n", _ANIMALS, "no line names one of the images"),
        ('"' + "x" * 200_000, _ANIMALS, "not a CSV file"),
    ],
)
def test_wrong_labels_are_named(tmp_path: Path, text: str, classes: Classes, said: str) -> None:
    with pytest.raises(InputError, match=said):
        read_class_labels(_csv(tmp_path, text), _IMAGES, classes)


def test_an_offset_is_added_and_said(tmp_path: Path) -> None:
    found = read_class_labels(_csv(tmp_path, "one.jpg,0\n"), _IMAGES, Classes(1001, (), 1))
    assert found.by_image == {"a/one.jpg": 1}
    assert "1 added to each index for the background class" in found.how


def test_folders_are_classes_by_name_or_in_alphabetical_order() -> None:
    named = tuple(ImageFile(f"{folder}/x.jpg", Path(folder) / "x.jpg") for folder in ("dog", "cat"))
    assert read_class_labels("folders", named, _ANIMALS).by_image == {"dog/x.jpg": 2, "cat/x.jpg": 1}
    ordered = read_class_labels("folders", named, Classes(2, (), 0))
    assert ordered.by_image == {"dog/x.jpg": 1, "cat/x.jpg": 0}
    assert "in alphabetical order" in ordered.how
    with pytest.raises(InputError, match="neither an index nor the name"):
        read_class_labels("folders", named, Classes(5, (), 0))
    with pytest.raises(InputError, match="not in subfolders"):
        read_class_labels("folders", (ImageFile("x.jpg", Path("x.jpg")),), _ANIMALS)


def _coco(folder: Path, categories: dict[int, str]) -> Path:
    data = {
        "images": [{"id": 5, "file_name": "one.jpg"}, {"id": 6, "file_name": "elsewhere.jpg"}],
        "annotations": [{"image_id": 5, "category_id": min(categories), "bbox": [1, 2, 3, 4]}],
        "categories": [{"id": number, "name": name} for number, name in categories.items()],
    }
    path = folder / "coco.json"
    path.write_text(json.dumps(data), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("categories", "count", "names", "category_of", "how"),
    [
        (
            {3: "Dog", 9: "cat"},
            3,
            ("person", "cat", "dog"),
            {1: 9, 2: 3},
            "2 classes matched with its categories by name",
        ),
        ({3: "dog", 9: "cat"}, 2, (), {0: 3, 1: 9}, "in the order of their ids"),
        ({1: "person", 90: "toothbrush"}, 90, (), {index: index + 1 for index in range(90)}, "class 0 is category 1"),
    ],
)
def test_categories_of_coco_are_matched_with_classes(
    tmp_path: Path, categories: dict[int, str], count: int, names: tuple[str, ...], category_of: object, how: str
) -> None:
    found = read_box_labels(_coco(tmp_path, categories), _IMAGES, count, names)
    assert found.category_of == category_of
    assert how in found.how
    assert found.by_image["a/one.jpg"][0].area == 12.0


def test_what_is_no_coco_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no names tell which is which"):
        read_box_labels(_coco(tmp_path, {1: "cat"}), _IMAGES, 7, ())
    for text, said in (("[", "not a JSON file"), ("[]", "expected an object"), ('{"images": 3}', "not a COCO file")):
        (tmp_path / "broken.json").write_text(text)
        with pytest.raises(InputError, match=said):
            read_box_labels(tmp_path / "broken.json", _IMAGES, 2, ())


def test_images_are_found_in_subfolders_and_a_limit_takes_them_evenly(tmp_path: Path) -> None:
    for number in range(10):
        path = tmp_path / "photos" / f"folder{number // 5}" / f"{number}.JPG"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    (tmp_path / "photos" / "notes.md").write_text("")
    assert len(find_images(tmp_path / "photos")) == 10
    some = [image.name for image in find_images(tmp_path / "photos", 4)]
    assert some == ["folder0/0.JPG", "folder0/2.JPG", "folder1/5.JPG", "folder1/7.JPG"]
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="there are no images"):
        find_images(tmp_path / "empty")
    with pytest.raises(InputError, match="no such folder"):
        find_images(tmp_path / "absent")


def test_ties_are_counted_and_the_lowest_index_wins() -> None:
    import numpy as np

    tied = rank(np.array([0.1, 0.5, 0.5, 0.0, 0.1, 0.1, 0.1]))
    assert tied.classes == (1, 2, 0, 4, 5)
    assert (tied.best, tied.tied, tied.is_tied, tied.is_fifth_tied) == (1, 2, True, True)
    clear = rank(np.array([0.0, 1.0, np.nan]))
    assert clear.classes == (1, 0, 2)
    assert (clear.is_tied, clear.is_fifth_tied) == (False, False)
